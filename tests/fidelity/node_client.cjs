// Plays a bot with Slack's own Node packages against the address in SLACK_API_URL, and prints what it saw as JSON lines.
const { WebClient, LogLevel } = require('@slack/web-api');
const { SocketModeClient } = require('@slack/socket-mode');

const { SLACK_API_URL: slackApiUrl, SLACK_BOT_TOKEN, SLACK_APP_TOKEN, CHANNEL, USER } = process.env;
const clientOptions = { slackApiUrl, retryConfig: { retries: 1, minTimeout: 10 } };
const web = new WebClient(SLACK_BOT_TOKEN, { ...clientOptions, logLevel: LogLevel.ERROR });
const sockets = new SocketModeClient({
  appToken: SLACK_APP_TOKEN,
  clientOptions,
  clientPingTimeout: 1000,
  logLevel: LogLevel.ERROR,
});

const tell = (what, more = {}) => console.log(JSON.stringify({ what, ...more }));
const button = { type: 'button', action_id: 'go', text: { type: 'plain_text', text: 'Go' } };

async function calls() {
  const me = await web.auth.test();
  const blocks = [{ type: 'actions', elements: [button] }];
  const posted = await web.chat.postMessage({
    channel: CHANNEL,
    text: 'from Node',
    attachments: [{ color: '#0d6efd', blocks }],
    metadata: { event_type: 'post', event_payload: { id: '1' } },
  });
  await web.chat.update({ channel: CHANNEL, ts: posted.ts, text: 'from Node, edited' });
  await web.chat.postEphemeral({ channel: CHANNEL, user: USER, text: 'psst' });
  const seen = [];
  for await (const page of web.paginate('conversations.history', { channel: CHANNEL, limit: 1 })) {
    seen.push(...page.messages.map((message) => message.text));
  }
  const file = await web.filesUploadV2({ channel_id: CHANNEL, filename: 'log.txt', content: 'lines of a log' });
  const error = await web.chat.postMessage({ channel: 'C0NOWHERE1', text: 'x' }).catch((e) => e.data.error);
  tell('calls', { user: me.user_id, seen, ts: posted.ts, uploaded: file.ok, error });
}

sockets.on('slash_commands', async ({ body, ack }) => {
  await ack({ text: `got ${body.command}` });
});
sockets.on('interactive', async ({ body, ack }) => {
  await ack();
  tell('pressed', { action: body.actions[0].action_id, user: body.user.id });
});
sockets.on('app_mention', async ({ event, ack }) => {
  await ack();
  tell('mentioned', { text: event.text });
});
sockets.on('connected', () => tell('connected'));

process.stdin.on('end', () => sockets.disconnect().then(() => process.exit(0)));
process.stdin.resume();
calls()
  .then(() => sockets.start())
  .catch((error) => {
    tell('failed', { error: String(error), data: error.data });
    process.exit(1);
  });
