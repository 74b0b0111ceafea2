import { alert, field, type Html, html } from "./html.ts";
import { type Frame, layout } from "./layout.ts";

/** What stood in the form when it was refused. */
export interface Entry {
  problem?: string;
  name?: string;
  email?: string;
  /** Where to go after it. */
  next: string;
}

/** The page to sign up. */
export function signUpPage(frame: Frame, entry: Entry): Html {
  return layout(
    frame,
    "Sign up",
    html`<section class="card narrow">
      <h1>Sign up</h1>
      ${alert(entry.problem)}
      <form method="post" action="/sign-up">
        <input type="hidden" name="next" value="${entry.next}">
        ${field({
          name: "name",
          label: "Name",
          value: entry.name ?? "",
          autocomplete: "username",
          min: 3,
          max: 30,
          pattern: "[A-Za-z0-9_.]+",
          hint: "3 to 30 letters, digits, dots and underscores. You sign in with it.",
        })}
        ${field({ name: "email", label: "E-mail address", type: "email", value: entry.email ?? "", autocomplete: "email" })}
        ${field({
          name: "password",
          label: "Password",
          type: "password",
          autocomplete: "new-password",
          min: 8,
          max: 128,
          hint: "8 characters or more. Several words in a row are good.",
        })}
        <button class="primary">Make my account</button>
      </form>
      <p class="aside">Been here before? <a href="/sign-in">Sign in</a></p>
    </section>`,
  );
}

/** The page to sign in. */
export function signInPage(frame: Frame, entry: Entry): Html {
  return layout(
    frame,
    "Sign in",
    html`<section class="card narrow">
      <h1>Welcome back</h1>
      ${alert(entry.problem)}
      <form method="post" action="/sign-in">
        <input type="hidden" name="next" value="${entry.next}">
        ${field({ name: "name", label: "Name or e-mail address", value: entry.name ?? "", autocomplete: "username" })}
        ${field({ name: "password", label: "Password", type: "password", autocomplete: "current-password" })}
        <button class="primary">Sign in</button>
      </form>
      <p class="aside">New here? <a href="/sign-up">Sign up</a></p>
    </section>`,
  );
}
