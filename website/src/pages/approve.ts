import { alert, field, type Html, html } from "./html.ts";
import { type Frame, layout } from "./layout.ts";

/** Asks for the code that the launcher shows. */
export function codePage(frame: Frame, problem: string | undefined, code: string): Html {
  return layout(
    frame,
    "Sign the launcher in",
    html`<section class="card narrow">
      <h1>Sign the launcher in</h1>
      <p>The launcher shows a code. Type it here.</p>
      ${alert(problem)}
      <form method="get" action="/device">
        ${field({ name: "user_code", label: "Code", value: code, autocomplete: "off", max: 16 })}
        <button class="primary">Go on</button>
      </form>
    </section>`,
  );
}

/** Asks whether the launcher may act for the player. */
export function approvePage(frame: Frame, code: string, userName: string): Html {
  return layout(
    frame,
    "Sign the launcher in",
    html`<section class="card narrow centre">
      <h1>Is this your launcher?</h1>
      <p>It wants to play as <strong>${userName}</strong> and shows this code:</p>
      <p class="code">${code}</p>
      <p>Say yes only if you see this very code in a launcher that you started. Nobody who helps you needs you
        to type one.</p>
      <form method="post" action="/device" class="row">
        <input type="hidden" name="user_code" value="${code}">
        <button class="primary" name="answer" value="approve">Yes, sign it in</button>
        <button class="quiet" name="answer" value="deny">No</button>
      </form>
    </section>`,
  );
}

/** Says how it ended. */
export function answeredPage(frame: Frame, approved: boolean): Html {
  return layout(
    frame,
    "Sign the launcher in",
    html`<section class="card narrow centre">
      <h1>${approved ? "The launcher is signed in" : "The launcher stays out"}</h1>
      <p>${
        approved
          ? "You can close this page and go on in the launcher. Its session is listed in your account, where you can end it."
          : "It was not signed in. Whoever asked has to begin anew."
      }</p>
      <p class="aside"><a href="/account">My account</a></p>
    </section>`,
  );
}
