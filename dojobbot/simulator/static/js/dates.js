// Dates as Slack shows them, in the browser's language and time zone.

const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const FORMATS = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  time: TIME,
  time_secs: { ...TIME, second: "2-digit" },
};

const say = (moment, how) => new Intl.DateTimeFormat(undefined, how).format(moment);

function daysAgo(moment) {
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(new Date()) - midnight(moment)) / 86_400_000);
}

function pretty(moment, how) {
  const near = { "-1": "tomorrow", 0: "today", 1: "yesterday" };
  return near[daysAgo(moment)] ?? say(moment, how);
}

function ago(moment) {
  const seconds = Math.round((moment - Date.now()) / 1000);
  const steps = [[86_400, "day"], [3_600, "hour"], [60, "minute"], [1, "second"]];
  const [size, unit] = steps.find(([size]) => Math.abs(seconds) >= size) ?? [1, "second"];
  return new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

/** What `<!date^seconds^format>` shows; null when the seconds are none or a token is unknown. */
export function slackDate(seconds, format) {
  const moment = new Date(Number(seconds) * 1000);
  if (!/^\d+$/.test(seconds) || Number.isNaN(moment.getTime())) return null;
  let known = true;
  const text = format.replace(/\{(\w+)\}/g, (whole, token) => {
    if (token === "ago") return ago(moment);
    const how = FORMATS[token.replace("_pretty", "")];
    if (how === undefined) known = false;
    else return token.endsWith("_pretty") ? pretty(moment, how) : say(moment, how);
    return whole;
  });
  return known ? text : null;
}

/** The moment of a message's ts. */
const moment = (ts) => new Date(Number(ts) * 1000);

/** The time of a message, with its day when that is not today. */
export const messageTime = (ts) =>
  daysAgo(moment(ts)) === 0 ? say(moment(ts), TIME) : `${pretty(moment(ts), FORMATS.date_short)} ${say(moment(ts), TIME)}`;

/** A message's moment in full, for whoever points at its time. */
export const fullTime = (ts) => `${say(moment(ts), FORMATS.date_long)}, ${say(moment(ts), FORMATS.time_secs)}`;

/** The machine's form of a message's moment. */
export const isoTime = (ts) => moment(ts).toISOString();

/** The day of a message: "Today", "Yesterday" or its date. */
export const dayOf = (ts) => {
  const words = pretty(moment(ts), FORMATS.date_long);
  return words[0].toUpperCase() + words.slice(1);
};
