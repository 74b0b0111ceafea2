import type { Problems } from "../http/forms.ts";
import type { MailSetting } from "../settings.ts";
import { alert, formFields, type Html, html, titled } from "./html.ts";
import { type Frame, layout } from "./layout.ts";

type Mail = MailSetting["kind"];

/** Says where messages go while no mail is set up, which is not for a site that players use. */
export function mailNote(mail: Mail): Html {
  if (mail === "smtp") return html``;
  return mail === "log"
    ? html`<p class="caution">This site does not send e-mail yet. For trying it out, the link is written to the
        website's log, where its operator finds it.</p>`
    : html`<p class="caution">This site does not send e-mail. Ask its operator for help.</p>`;
}

/** Asks for the address to which the link goes. */
export function forgotPage(frame: Frame, mail: Mail, email = "", problems?: Problems): Html {
  const field = formFields(problems);
  return layout(
    frame,
    titled("Forgotten password", problems),
    html`<section class="card narrow">
      <h1>Forgotten password</h1>
      ${mailNote(mail)}
      ${
        mail === "none"
          ? ""
          : html`<p>Enter the e-mail address of your account. You get a link with which to choose a new password.</p>
      ${alert(problems?.[""])}
      <form method="post" action="/forgot-password">
        ${field({ name: "email", label: "E-mail address", type: "email", value: email, autocomplete: "email" })}
        <button class="primary">Send the link</button>
      </form>`
      }
      <p class="aside"><a href="/sign-in">Back to sign in</a></p>
    </section>`,
  );
}

/** Says the same for an address with an account and for any other. */
export function sentPage(frame: Frame, mail: Mail, email: string): Html {
  return layout(
    frame,
    "Forgotten password",
    html`<section class="card narrow">
      <h1>Look at your e-mail</h1>
      <p>If there is an account with the address <strong>${email}</strong>, a message with a link is on its way.
        The link is good for one hour.</p>
      ${mailNote(mail)}
      <p class="aside"><a href="/forgot-password">Try another address</a></p>
    </section>`,
  );
}

/** Asks for the new password. */
export function resetPage(frame: Frame, token: string, problems?: Problems): Html {
  const field = formFields(problems);
  return layout(
    frame,
    titled("Choose a new password", problems),
    html`<section class="card narrow">
      <h1>Choose a new password</h1>
      <p>All sessions of your account end, and a running game with them.</p>
      ${alert(problems?.[""])}
      <form method="post" action="/reset-password">
        <input type="hidden" name="token" value="${token}">
        ${field({
          name: "password",
          label: "New password",
          type: "password",
          autocomplete: "new-password",
          min: 8,
          max: 128,
          hint: "8 characters or more.",
        })}
        ${field({ name: "again", label: "Repeat the new password", type: "password", autocomplete: "new-password", max: 128 })}
        <button class="primary">Change password</button>
      </form>
      <p class="aside"><a href="/forgot-password">Ask for a new link</a></p>
    </section>`,
  );
}
