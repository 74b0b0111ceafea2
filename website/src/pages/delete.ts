import type { Problems } from "../http/forms.ts";
import { alert, formFields, type Html, html, titled } from "./html.ts";
import { type Frame, layout } from "./layout.ts";

/** Asks whether the account is to be deleted. */
export function deletePage(frame: Frame, userName: string, problems?: Problems): Html {
  const field = formFields(problems);
  return layout(
    frame,
    titled("Delete my account", problems),
    html`<section class="card narrow">
      <h1>Delete my account</h1>
      <p>This deletes the account <strong>${userName}</strong> with its e-mail address and its passwords. You are
        signed out everywhere, and a running game ends.</p>
      <p>Your characters go with it: the game server marks them for deletion within some minutes, and removes them
        for good later. Your name becomes free for others.</p>
      <p class="caution">This cannot be undone.</p>
      ${alert(problems?.[""])}
      <form method="post" action="/account/delete">
        <input type="hidden" name="username" autocomplete="username" value="${userName}">
        ${field({ name: "password", label: "Current password", type: "password", autocomplete: "current-password" })}
        <div class="row">
          <button class="danger">Delete my account</button>
          <a class="button quiet" href="/account">Cancel</a>
        </div>
      </form>
    </section>`,
  );
}
