import { type Html, html } from "./html.ts";
import { type Frame, layout } from "./layout.ts";

/** A page of a sentence: what is not there, not allowed, or went wrong. */
export function messagePage(frame: Frame, title: string, text: string): Html {
  return layout(
    frame,
    title,
    html`<section class="card narrow centre">
      <h1>${title}</h1>
      <p>${text}</p>
      <p class="aside"><a href="/">Go to the first page</a></p>
    </section>`,
  );
}
