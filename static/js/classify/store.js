// Where unsent classifications wait: IndexedDB, or memory when the browser refuses it (some private windows).

const DATABASE = "asteroid-hunter";
const STORE = "outbox";

function promised(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

class DiskStore {
  constructor(database) {
    this.database = database;
    this.durable = true;
  }

  objects(mode) {
    return this.database.transaction(STORE, mode, { durability: "strict" }).objectStore(STORE);
  }

  async put(entry) {
    const objects = this.objects("readwrite");
    objects.put(entry);
    // The promise to the person is the transaction's end, not the request's.
    await new Promise((resolve, reject) => {
      objects.transaction.oncomplete = resolve;
      objects.transaction.onabort = () => reject(objects.transaction.error);
    });
  }

  remove(key) {
    return promised(this.objects("readwrite").delete(key));
  }

  async all() {
    const entries = await promised(this.objects("readonly").getAll());
    return entries.sort((a, b) => a.queued - b.queued);
  }

  count() {
    return promised(this.objects("readonly").count());
  }
}

/** Lasts as long as the page. */
export class MemoryStore {
  constructor() {
    this.entries = new Map();
    this.durable = false;
  }

  async put(entry) { this.entries.set(entry.key, entry); }

  async remove(key) { this.entries.delete(key); }

  async all() { return [...this.entries.values()]; }

  async count() { return this.entries.size; }
}

/** Open the store; `durable` says whether it outlives the page. */
export async function openStore() {
  try {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    return new DiskStore(await promised(request));
  } catch {
    return new MemoryStore();
  }
}
