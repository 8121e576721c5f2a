// One visit: its id, its count, and the circumstances that are recorded with each classification.

const SESSION = "asteroid-hunter:session";
const COUNT = "asteroid-hunter:classified";
const CLASSIFIER_VERSION = "1.1";

function sessionId() {
  let id = sessionStorage.getItem(SESSION);
  if (!id) {
    id = crypto.randomUUID();
    sessionStorage.setItem(SESSION, id);
  }
  return id;
}

export const visit = {
  get count() {
    return Number(sessionStorage.getItem(COUNT)) || 0;
  },
  add() {
    sessionStorage.setItem(COUNT, String(this.count + 1));
    return this.count;
  },
};

/**
 * The classification to send, in the fields Zooniverse's clients use.
 * @param {{workflow: object, entry: object, answer: string, marks: object[], supersedes: string|null, startedAt: string, viewer: object, selectionState: string}} parts
 */
export function classificationOf({ workflow, entry, answer, marks, supersedes, startedAt, viewer, selectionState }) {
  const { subject, image } = entry;
  const box = viewer.stage;
  return {
    key: crypto.randomUUID(),
    workflow: workflow.id,
    workflow_version: String(workflow.version),
    subject: subject.id,
    answer,
    marks,
    supersedes,
    started_at: startedAt,
    finished_at: new Date().toISOString(),
    metadata: {
      session: sessionId(),
      viewport: { width: window.innerWidth, height: window.innerHeight },
      user_language: document.documentElement.lang || navigator.language,
      utc_offset: String(new Date().getTimezoneOffset() * 60),
      subject_dimensions: [{
        clientWidth: box.clientWidth,
        clientHeight: box.clientHeight,
        naturalWidth: image.naturalWidth,
        naturalHeight: image.naturalHeight,
      }],
      subject_selection_state: {
        already_seen: Boolean(subject.seen),
        retired: Boolean(subject.retired),
        selection_state: selectionState,
      },
      viewer: viewer.record(),
      classifier_version: CLASSIFIER_VERSION,
    },
  };
}
