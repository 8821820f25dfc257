// The way to the demo's server: news by WebSocket, deeds by POST.

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5_000;

/**
 * Follow what the server tells at a path, over and over until it is ended.
 * @param {string} path such as `/live?user=U1`.
 * @param {{news: (message: object) => void, lost: () => void}} listener `lost` is called when the connection ends
 *   or cannot be made; another attempt follows by itself.
 * @returns {() => void} ends it.
 */
export function follow(path, listener) {
  let ended = false;
  let socket = null;
  let timer = null;
  let pause = FIRST_PAUSE;
  const open = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${scheme}://${location.host}${path}`);
    socket.addEventListener("message", (event) => {
      pause = FIRST_PAUSE;
      if (!ended) listener.news(JSON.parse(event.data));
    });
    socket.addEventListener("close", () => {
      if (ended) return;
      listener.lost();
      timer = setTimeout(open, pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    });
  };
  open();
  return () => {
    ended = true;
    clearTimeout(timer);
    socket.close();
  };
}

/**
 * Do something as a person.
 * @returns {Promise<string | null>} what Slack shows as its error, such as `operation_timeout`; null when all is well.
 * @throws {Error} with a text for the person, when the server refused or did not answer.
 */
export async function act(action, body) {
  let response;
  try {
    response = await fetch(`/do/${action}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch (error) {
    throw new Error("The demo did not answer. Is it still running in its terminal?", { cause: error });
  }
  const isJson = response.headers.get("Content-Type")?.includes("application/json");
  const answer = isJson ? await response.json() : { error: `The demo failed (HTTP ${response.status}).` };
  if (!response.ok || answer.refused) throw new Error(answer.refused ?? answer.error);
  return answer.error;
}
