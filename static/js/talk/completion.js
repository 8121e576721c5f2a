// Offers while one types in a comment: tags after #, people after @, subjects after ^. A list box under the text;
// the focus stays in the text. Arrows choose, Enter or Tab takes, Escape closes. Without JavaScript nothing is missing.

const WAIT_MS = 150;
const TYPED = /(?:^|[\s(])([#@^][\w.-]{0,40})$/;

/** What is being typed at the caret, with its sign, or "". */
export function typedAt(text, caret) {
  const found = TYPED.exec(text.slice(0, caret))?.[1] ?? "";
  return found === "#" || found === "^" || /^\^[sS]$/.test(found) ? "" : found;
}

/** The text with the offer in place of what was typed, and where the caret then is. */
export function withOffer(text, caret, typed, value) {
  const before = `${text.slice(0, caret - typed.length)}${value}`;
  const after = text.slice(caret);
  const space = /^\s/.test(after) ? "" : " ";
  return { text: before + space + after, caret: before.length + 1 };
}

let lists = 0;

/** Offer completions in the text box of a form with data-complete. */
export function bindCompletion(form, text) {
  const address = form.dataset.complete;
  if (!address) return;
  const list = document.createElement("ul");
  list.id = `completion-${(lists += 1)}`;
  list.className = "completion";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", form.dataset.completeLabel ?? "");
  list.hidden = true;
  const said = document.createElement("p");
  said.className = "visually-hidden";
  said.setAttribute("role", "status");
  text.after(list, said);
  text.setAttribute("aria-autocomplete", "list");
  text.setAttribute("aria-controls", list.id);

  let typed = "";
  let chosen = -1;
  let timer = 0;
  let asking = null;

  const close = () => {
    clearTimeout(timer);
    asking?.abort();
    list.hidden = true;
    chosen = -1;
    said.textContent = "";
    text.removeAttribute("aria-activedescendant");
  };

  const choose = (index) => {
    const options = [...list.children];
    chosen = (index + options.length) % options.length;
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
    text.setAttribute("aria-activedescendant", options[chosen].id);
    options[chosen].scrollIntoView({ block: "nearest" });
  };

  const take = (index) => {
    const { value } = list.children[index].dataset;
    const made = withOffer(text.value, text.selectionStart, typed, value);
    text.value = made.text;
    text.setSelectionRange(made.caret, made.caret);
    close();
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  };

  const show = (offers) => {
    if (!offers.length) {
      close();
      return;
    }
    list.replaceChildren(...offers.map((offer, at) => option(`${list.id}-${at}`, offer)));
    list.hidden = false;
    choose(0);
    said.textContent = (form.dataset.completeCount ?? "").replace("{n}", String(offers.length));
  };

  const ask = async () => {
    asking?.abort();
    asking = new AbortController();
    const query = new URLSearchParams({ q: typed, thread: form.dataset.thread ?? "" });
    try {
      const answer = await fetch(`${address}?${query}`, { signal: asking.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      show((await answer.json()).offers);
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  };

  text.addEventListener("input", () => {
    typed = text.selectionStart === text.selectionEnd ? typedAt(text.value, text.selectionStart) : "";
    if (!typed) {
      close();
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  });

  const keys = {
    ArrowDown: () => choose(chosen + 1),
    ArrowUp: () => choose(chosen - 1),
    Enter: () => take(chosen),
    Tab: () => take(chosen),
    Escape: close,
  };
  text.addEventListener("keydown", (event) => {
    if (list.hidden || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || !keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const found = event.target.closest("[role=option]");
    if (found) take([...list.children].indexOf(found));
  });
  text.addEventListener("blur", close);
}

function option(id, offer) {
  const made = document.createElement("li");
  made.id = id;
  made.setAttribute("role", "option");
  made.dataset.value = offer.value;
  if (offer.image) {
    const image = document.createElement("img");
    Object.assign(image, { src: offer.image, alt: "", width: 40, height: 40 });
    made.append(image);
  }
  const value = document.createElement("span");
  value.textContent = offer.value;
  made.append(value);
  if (offer.detail) {
    const detail = document.createElement("span");
    detail.className = "muted small";
    detail.textContent = offer.detail;
    made.append(detail);
  }
  return made;
}
