/** A question before something that cannot be taken back. */

const ARMS_MS = 700; // a second press of what opened the question, or an impatient one, answers nothing

const element = (id) => document.getElementById(id);

/** Whether the answer was yes. No is where the focus is, what Escape says, and what a press too early does. */
export function ask({ title, text, points = [], no, yes, danger = false }) {
  const dialog = element("ask");
  element("ask-title").textContent = title;
  element("ask-text").textContent = text;
  element("ask-points").replaceChildren(
    ...points.map((point) => Object.assign(document.createElement("li"), { textContent: point })),
  );
  element("ask-points").hidden = points.length === 0;
  element("ask-no").textContent = no;
  element("ask-yes").textContent = yes;
  dialog.dataset.danger = danger ? "yes" : "no";
  const button = element("ask-yes");
  button.disabled = true;
  const arming = setTimeout(() => (button.disabled = false), ARMS_MS);
  dialog.showModal();
  element("ask-no").focus();
  return new Promise((done) => {
    dialog.addEventListener(
      "close",
      () => {
        clearTimeout(arming);
        done(dialog.returnValue === "yes");
      },
      { once: true },
    );
    dialog.returnValue = "no";
    element("ask-no").onclick = () => dialog.close("no");
    button.onclick = () => dialog.close("yes");
  });
}

/** A press beside the question, as the second one of a double click is, takes the focus from nothing. */
element("ask").addEventListener("mousedown", (event) => event.target === element("ask") && event.preventDefault());

/** Whether a question is open: keys are its own then. */
export const isAsking = () => element("ask").open;
