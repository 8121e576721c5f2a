// The service worker: the classifier then opens without network, and the site can be installed.
const { serviceWorker } = document.documentElement.dataset;
if ("serviceWorker" in navigator && serviceWorker) {
  // After the page is there: what it keeps must not compete with what is being looked at.
  window.addEventListener("load", () => navigator.serviceWorker.register(serviceWorker).catch(() => {}));
}
