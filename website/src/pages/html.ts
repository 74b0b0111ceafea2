import { html } from "hono/html";

export { html };

/** Markup whose values are escaped. */
export type Html = ReturnType<typeof html>;

/** A field of a form with its label. */
export function field(f: {
  name: string;
  label: string;
  type?: string;
  value?: string;
  autocomplete: string;
  hint?: Html | string;
  min?: number;
  max?: number;
  pattern?: string;
  optional?: boolean;
}): Html {
  const hintId = f.hint === undefined ? undefined : `${f.name}-hint`;
  return html`<div class="field">
    <label for="${f.name}">${f.label}</label>
    <input id="${f.name}" name="${f.name}" type="${f.type ?? "text"}" autocomplete="${f.autocomplete}"
      ${f.value === undefined ? "" : html`value="${f.value}"`}
      ${f.min === undefined ? "" : html`minlength="${f.min}"`}
      ${f.max === undefined ? "" : html`maxlength="${f.max}"`}
      ${f.pattern === undefined ? "" : html`pattern="${f.pattern}"`}
      ${hintId === undefined ? "" : html`aria-describedby="${hintId}"`}
      ${f.optional ? "" : "required"} autocapitalize="none" spellcheck="false">
    ${f.hint === undefined ? "" : html`<p class="hint" id="${hintId}">${f.hint}</p>`}
  </div>`;
}

/** A form of one button that acts on one thing. */
export function action(path: string, label: string, values: Record<string, string>, kind = "quiet"): Html {
  return html`<form method="post" action="${path}" class="inline">
    ${Object.entries(values).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
    <button class="${kind}">${label}</button>
  </form>`;
}

/** A sentence at the head of a page or a section. */
export function alert(problem: string | undefined): Html {
  return problem === undefined ? html`` : html`<p class="alert" role="alert">${problem}</p>`;
}
