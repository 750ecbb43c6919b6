// A program on xmpp.js (npm @xmpp/client): signs in twice, says what it used, and answers.
//
//   node xmppjs.mjs SERVICE DOMAIN USER PASSWORD PEER
import { client, xml } from "@xmpp/client";

const [service, domain, username, password, peer] = process.argv.slice(2);
const xmpp = client({
  service, domain, username, password, resource: "xmppjs",
  userAgent: xml("user-agent", { id: "d4565fa7-4d72-4749-b3d3-740edbf87770" },
    xml("software", {}, "xmpp.js"), xml("device", {}, "test")),
});
const say = (...words) => console.log(...words);

xmpp.on("error", (error) => { say("error", error.message ?? error); process.exit(1); });
xmpp.on("send", (element) => {
  if (element.is?.("authenticate")) say("used", element.attrs.mechanism);
});
xmpp.on("stanza", async (stanza) => {
  const text = stanza.is("message") && stanza.getChildText("body");
  if (!text) return;
  say("heard", text);
  await xmpp.send(xml("message", { to: peer, type: "chat" }, xml("body", {}, `answer to ${text}`)));
  if (text !== "first") return process.exit(0);
  await xmpp.stop();
  await signIn();
});

async function signIn() {
  await xmpp.start();
  say("online", xmpp.jid.toString());
  await xmpp.send(xml("presence"));
}

await signIn();
