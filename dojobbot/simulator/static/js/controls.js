// Pressing a control of a message or view: the confirm dialog first, then the deed, with its state shown on the control.

import { ask } from "./confirm.js";
import { act } from "./connection.js";
import { drawText, groupsOf } from "./elements.js";

const SHORTEST_WORK = 400;
const CHANGED = "This has changed meanwhile. Look again, then press.";
const ERRORS = {
  operation_timeout: "dojobbot did not answer within three seconds (operation_timeout). Try again.",
  dispatch_failed: "dojobbot could not be reached (dispatch_failed). Is it running?",
  unknown_command: "There is no such command (unknown_command). Try /jobs help",
};

/** An error code of Slack as a sentence. */
export const sentence = (code) => ERRORS[code] ?? `Slack answers: ${code}`;

/**
 * Operate a control.
 * @param {object} store what the page knows.
 * @param {{channel: string, ts: string} | {view: string}} at the message, or the modal or App Home.
 * @param {{element: object, blockId: string, option?: object}} control what was pressed, as it was drawn.
 * @param {HTMLElement} node the control's node.
 * @param {(text: string) => void} notify shows what went wrong, or nothing.
 */
export async function press(store, at, control, node, notify) {
  if (node.getAttribute("aria-busy") === "true") return;
  notify("");
  const { element } = control;
  if (element.confirm && !(await ask(element.confirm, (text) => drawText(text, store.names)))) return;
  const body = request(store, at, control);
  if (body === null) {
    notify(CHANGED);
    return;
  }
  const url = control.option?.url ?? element.url;
  if (url && /^https?:/i.test(url)) window.open(url, "_blank", "noopener,noreferrer");
  node.setAttribute("aria-busy", "true");
  try {
    const [error] = await Promise.all([act(at.view ? "press_in_view" : "press", body), pause(SHORTEST_WORK)]);
    if (error !== null) notify(sentence(error));
  } catch (error) {
    notify(error.message);
  } finally {
    node.removeAttribute("aria-busy");
  }
}

/**
 * What to send: the control as the message has it now, which may have been edited since it was drawn. Null when it
 * is no longer there, no longer offers the choice, or would ask something else.
 */
function request(store, at, { element, blockId, option }) {
  const same = controlsOf(blocksAt(store, at)).filter((each) => each.element.action_id === element.action_id);
  const now = same.find((each) => each.blockId === blockId) ?? (same.length === 1 ? same[0] : undefined);
  if (now === undefined) return null;
  if (JSON.stringify(now.element.confirm) !== JSON.stringify(element.confirm)) return null;
  const body = {
    user: store.you, ...at, control: element.action_id, block: now.blockId, confirmed: element.confirm !== undefined,
  };
  if (option === undefined) return body;
  const offered = groupsOf(now.element, store.names).flatMap((group) => group.options);
  const choice =
    offered.find((each) => each.value === option.value) ?? offered.find((each) => each.text.text === option.text?.text);
  if (choice === undefined) return offered.length > 0 ? null : { ...body, option: option.value };
  return { ...body, option: choice.value ?? choice.text.text };
}

/** The blocks of a message or view as they are now. */
function blocksAt(store, at) {
  if (at.view) return [store.home, ...store.modals].find((view) => view?.id === at.view)?.blocks ?? [];
  const message = store.channels.get(at.channel)?.messages.get(at.ts);
  return [...(message?.blocks ?? []), ...(message?.attachments ?? []).flatMap((each) => each.blocks ?? [])];
}

const controlsOf = (blocks) =>
  blocks.flatMap((block) =>
    [block.accessory, ...(block.type === "actions" ? block.elements : [])]
      .filter((element) => element?.action_id)
      .map((element) => ({ element, blockId: block.block_id })),
  );

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
