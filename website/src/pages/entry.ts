import type { Problems } from "../http/forms.ts";
import { alert, formFields, type Html, html, titled } from "./html.ts";
import { type Frame, layout } from "./layout.ts";

/** What stood in the form when it was refused. */
export interface Entry {
  problems?: Problems;
  name?: string;
  email?: string;
  /** Where to go after it. */
  next: string;
}

const nextQuery = (next: string) => (next === "/account" ? "" : `?${new URLSearchParams({ next })}`);

/** The page to sign up. */
export function signUpPage(frame: Frame, entry: Entry): Html {
  const field = formFields(entry.problems);
  return layout(
    frame,
    titled("Sign up", entry.problems),
    html`<section class="card narrow">
      <h1>Sign up</h1>
      ${alert(entry.problems?.[""])}
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
          hint: "3 to 30 letters, digits, dots and underscores. You sign in with it, and it cannot be changed.",
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
        ${field({ name: "again", label: "Repeat the password", type: "password", autocomplete: "new-password", max: 128 })}
        <button class="primary">Create account</button>
      </form>
      <p class="aside">You have an account already? <a href="/sign-in${nextQuery(entry.next)}">Sign in</a></p>
    </section>`,
  );
}

/** The page to sign in. */
export function signInPage(frame: Frame, entry: Entry): Html {
  const field = formFields(entry.problems);
  return layout(
    frame,
    titled("Sign in", entry.problems),
    html`<section class="card narrow">
      <h1>Sign in</h1>
      ${alert(entry.problems?.[""])}
      <form method="post" action="/sign-in">
        <input type="hidden" name="next" value="${entry.next}">
        ${field({ name: "name", label: "Name or e-mail address", value: entry.name ?? "", autocomplete: "username" })}
        ${field({ name: "password", label: "Password", type: "password", autocomplete: "current-password" })}
        <button class="primary">Sign in</button>
      </form>
      <p class="aside"><a href="/forgot-password">Forgot your password?</a></p>
      <p class="aside">No account yet? <a href="/sign-up${nextQuery(entry.next)}">Sign up</a></p>
    </section>`,
  );
}
