// The CSRF token is read from its cookie at the moment of sending: a page may be older than the token.

/** Value of a cookie, or "" when it is not set. */
export function readCookie(name) {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

/** The CSRF token; the cookie's name is on <html data-csrf-cookie>, as a site may rename it. */
export function csrfToken() {
  return readCookie(document.documentElement.dataset.csrfCookie || "csrftoken");
}
