import { createTransport } from "nodemailer";
import type { Settings } from "./settings.ts";
import { logLine, shown } from "./text.ts";

/** A message with one link. */
export interface Mail {
  to: string;
  subject: string;
  /** What stands before and after the link. */
  before: string;
  link: string;
  after: string;
}

/** Sends mail without making anybody wait for it. */
export interface Mailer {
  /** Where it goes: to a mail server, into the log, or nowhere. */
  kind: "smtp" | "log" | "none";
  send(mail: Mail): void;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

const patience = 15_000; // milliseconds

/** Returns what sends mail as the settings say. */
export function openMailer(settings: Settings): Mailer {
  const { mail } = settings;
  if (mail.kind !== "smtp")
    return {
      kind: mail.kind,
      send(message) {
        if (mail.kind === "log")
          console.log(
            `website: no mail is sent (SMTP_URL is not set). To ${shown(message.to)}, ${message.subject}: ${message.link}`,
          );
      },
      close: async () => undefined,
    };
  const transport = createTransport(
    { url: mail.url, connectionTimeout: patience, greetingTimeout: patience, socketTimeout: patience },
    { from: mail.from },
  );
  const underWay = new Set<Promise<void>>();
  return {
    kind: "smtp",
    send({ to, subject, before, link, after }) {
      // The answer to a request must not tell by its time whether there is such an address.
      const sending = transport
        .sendMail({ to: { name: "", address: to }, subject, text: `${before}\n\n${link}\n\n${after}\n` })
        .then(
          () => undefined,
          (error: Error) => console.error(`website: a mail could not be sent: ${logLine(error.message)}`),
        )
        .finally(() => underWay.delete(sending));
      underWay.add(sending);
    },
    async close() {
      await Promise.all(underWay);
      transport.close();
    },
  };
}

/** The messages that this site sends. */
export function mails(siteName: string) {
  const ignore = "If you did not ask for this, do nothing: nothing changes.";
  return {
    reset: (to: string, userName: string, link: string): Mail => ({
      to,
      subject: `${siteName}: choose a new password`,
      before: `Somebody asked for a new password for the account ${userName}. To choose one, open this link within an hour:`,
      link,
      after: ignore,
    }),
    newAddress: (to: string, userName: string, link: string): Mail => ({
      to,
      subject: `${siteName}: confirm your e-mail address`,
      before: `To use this e-mail address for the account ${userName}, open this link within an hour:`,
      link,
      after: ignore,
    }),
    oldAddress: (to: string, userName: string, wanted: string, link: string): Mail => ({
      to,
      subject: `${siteName}: your e-mail address is to be changed`,
      before: `The account ${userName} is to use ${shown(wanted)} in place of this address. To agree, open this link within an hour; a second message then goes to the new address:`,
      link,
      after: "If this was not you, do not open the link, and change your password.",
    }),
  };
}
