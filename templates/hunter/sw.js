// Keeps what the classifier needs without network: scripts and styles, an anonymous page, the pictures already fetched.
// Answers are not here: they wait in the page's own outbox.
const VERSION = "{{ version }}";
const FILES = {{ files|safe }};
const STATIC = "{{ prefix }}";
const OFFLINE = "{{ offline }}";
const SHELLS = `shells-${VERSION}`;
const ASSETS = `assets-${VERSION}`;
const PICTURES = "pictures";
const MOST_PICTURES = 60;
const CLASSIFIER = /^\/classify\/(?:[\w-]+\/)?$/;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const assets = await caches.open(ASSETS);
    await assets.addAll(FILES);
    await keepShell(OFFLINE);
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const current = new Set([SHELLS, ASSETS, PICTURES]);
    for (const name of await caches.keys()) if (!current.has(name)) await caches.delete(name);
    await self.clients.claim();
  })());
});

// Without cookies, so that no name and no token of a person is ever kept.
async function keepShell(url) {
  const response = await fetch(url, { credentials: "omit" });
  if (response.ok && !response.redirected) await (await caches.open(SHELLS)).put(url, response);
}

async function navigate(request) {
  const { pathname } = new URL(request.url);
  const isClassifier = CLASSIFIER.test(pathname);
  try {
    const response = await fetch(request);
    if (isClassifier && response.ok) keepShell(new URL(response.url).pathname).catch(() => {});
    return response;
  } catch {
    const shells = await caches.open(SHELLS);
    const exact = isClassifier ? await shells.match(pathname) : undefined;
    if (exact) return exact;
    if (isClassifier) {
      for (const key of await shells.keys()) {
        if (CLASSIFIER.test(new URL(key.url).pathname)) return Response.redirect(key.url);
      }
    }
    return (await shells.match(OFFLINE)) ?? Response.error();
  }
}

async function asset(request) {
  return (await caches.match(request)) ?? fetch(request);
}

async function picture(request) {
  const pictures = await caches.open(PICTURES);
  const kept = await pictures.match(request);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok && response.type === "basic") {
    await pictures.put(request, response.clone());
    const keys = await pictures.keys();
    await Promise.all(keys.slice(0, Math.max(0, keys.length - MOST_PICTURES)).map((key) => pictures.delete(key)));
  }
  return response;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") event.respondWith(navigate(request));
  else if (url.pathname.startsWith(STATIC)) event.respondWith(asset(request));
  // Frames and their 16-bit values too, which scripts fetch.
  else if (url.pathname.startsWith("/images/")) event.respondWith(picture(request));
});
