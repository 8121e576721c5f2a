// Single-key shortcuts, and the setting that turns them off (WCAG 2.1.4): a speech user who says a word
// must not trigger five commands.

const SETTING = "asteroid-hunter:single-keys";

/** Are shortcuts made of one character key switched on? They are unless the person turned them off. */
export function singleKeysEnabled() {
  return localStorage.getItem(SETTING) !== "off";
}

export function setSingleKeys(enabled) {
  localStorage.setItem(SETTING, enabled ? "on" : "off");
}

/** Should this key press be left to the browser or to the field it was typed in? */
export function isForSomethingElse(event) {
  if (event.defaultPrevented || event.isComposing || event.metaKey) return true;
  // AltGr, which types [ and ] on many keyboards, reports Ctrl+Alt as well.
  if ((event.ctrlKey || event.altKey) && !event.getModifierState("AltGraph")) return true;
  if (document.querySelector("dialog:modal")) return true;
  const target = event.target;
  if (!(target instanceof Element)) return false;
  if (target.closest("[contenteditable], textarea, select")) return true;
  return target.matches("input:not([type=radio], [type=checkbox], [type=range])");
}

/** Keep a checkbox [data-setting=single-keys] and the stored setting equal. */
export function bindSingleKeySetting(checkbox) {
  if (!checkbox) return;
  checkbox.checked = singleKeysEnabled();
  checkbox.addEventListener("change", () => setSingleKeys(checkbox.checked));
}

const ONE_KEY = "asteroid-hunter:one-key";

/** Does an answer's key also press Done? Off unless the person turned it on. */
export function oneKeyEnabled() {
  return localStorage.getItem(ONE_KEY) === "on";
}

/** Keep a checkbox [data-setting=one-key] and the stored setting equal. */
export function bindOneKeySetting(checkbox) {
  if (!checkbox) return;
  checkbox.checked = oneKeyEnabled();
  checkbox.addEventListener("change", () => localStorage.setItem(ONE_KEY, checkbox.checked ? "on" : "off"));
}
