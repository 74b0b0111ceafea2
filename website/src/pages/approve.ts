import type { Origin } from "../device-origin.ts";
import type { Problems } from "../http/forms.ts";
import { shown } from "../text.ts";
import { deviceName } from "./agent.ts";
import { alert, formFields, type Html, html, titled } from "./html.ts";
import { type Frame, layout } from "./layout.ts";
import { ago, when } from "./times.ts";

const title = "Sign in to the launcher";

/** Asks for the code that the launcher shows. */
export function codePage(frame: Frame, problem: string | undefined, code: string): Html {
  const problems = problem === undefined ? undefined : { user_code: problem };
  const field = formFields(problems);
  return layout(
    frame,
    titled(title, problems),
    html`<section class="card narrow">
      <h1>${title}</h1>
      <p>The launcher shows a code. Enter it here.</p>
      <form method="get" action="/device">
        ${field({ name: "user_code", label: "Code", value: code, autocomplete: "off", max: 16 })}
        <button class="primary">Continue</button>
      </form>
    </section>`,
  );
}

/** What the player compares before saying yes. */
export interface Approval {
  code: string;
  userName: string;
  /** Whether the player has to show the password: the sign-in was not just now. */
  asksPassword: boolean;
  problems?: Problems | undefined;
  /** Undefined when it is not known from where the code was asked for. */
  origin: Origin | undefined;
  /** The player's own address. */
  address: string;
  now: number;
}

function originList({ origin, address, now }: Approval): Html {
  if (origin === undefined)
    return html`<p class="caution">It is not known from where this code was asked for.</p>`;
  const same = origin.address === address;
  return html`<dl class="facts">
    <dt>Asked for</dt><dd>${ago(origin.askedAt, now)} <span class="meta">(${when(origin.askedAt)})</span></dd>
    <dt>From the address</dt><dd>${shown(origin.address) || "unknown"} <span class="tag ${same ? "" : "warn"}">${same ? "the same as yours" : "not your address"}</span></dd>
    <dt>By the program</dt><dd>${deviceName(origin.userAgent)} <span class="meta">(it calls itself “${shown(origin.userAgent) || "nothing"}”)</span></dd>
  </dl>
  ${same ? "" : html`<p class="caution">Your own address is ${shown(address) || "unknown"}. If the launcher runs on this PC, the two should be the same.</p>`}`;
}

/** Asks whether the launcher may act for the player. */
export function approvePage(frame: Frame, approval: Approval): Html {
  const { code, userName, problems } = approval;
  const field = formFields(problems);
  return layout(
    frame,
    titled(title, problems),
    html`<section class="card narrow">
      <h1>Is this your launcher?</h1>
      <p>A launcher asks to sign in as <strong>${userName}</strong>. Compare this code with the one that your launcher
        shows:</p>
      <p class="code">${code}</p>
      ${originList(approval)}
      <p class="caution"><strong>Say no if you did not start the launcher yourself,</strong> or if it shows another
        code. If somebody sent you this code or this page, they would play with your account.</p>
      ${alert(problems?.[""])}
      <form method="post" action="/device" ${approval.asksPassword ? "" : html`class="row"`}>
        <input type="hidden" name="user_code" value="${code}">
        ${approval.asksPassword ? field({ name: "password", label: "Current password", type: "password", autocomplete: "current-password" }) : ""}
        <button class="primary" name="answer" value="approve">Yes, sign it in</button>
        <button class="quiet" name="answer" value="deny" formnovalidate>No</button>
      </form>
    </section>`,
  );
}

/** Says how it ended. */
export function answeredPage(frame: Frame, approved: boolean): Html {
  return layout(
    frame,
    title,
    html`<section class="card narrow centre">
      <h1>${approved ? "The launcher is signed in" : "The launcher is not signed in"}</h1>
      <p>${
        approved
          ? "You can close this page and continue in the launcher. Its session is listed in My account, where you can end it."
          : "You said no. The code cannot be used any more."
      }</p>
      <p class="aside"><a href="/account">My account</a></p>
    </section>`,
  );
}
