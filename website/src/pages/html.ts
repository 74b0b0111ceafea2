import { html } from "hono/html";
import type { Problems } from "../http/forms.ts";

export { html };

/** Markup whose values are escaped. */
export type Html = ReturnType<typeof html>;

/** A field of a form. */
export interface Field {
  name: string;
  label: string;
  type?: string;
  value?: string;
  autocomplete: string;
  hint?: Html | string;
  min?: number;
  max?: number;
  pattern?: string;
}

/**
 * Returns what builds the fields of one form. A field that was refused says why
 * beside it, and the first of them has the focus. id keeps the forms of a page
 * apart.
 */
export function formFields(problems: Problems = {}, id = ""): (f: Field) => Html {
  let focused = false;
  return (f) => {
    const problem = problems[f.name];
    const focus = problem !== undefined && !focused;
    focused ||= focus;
    return field(f, `${id}${f.name}`, problem, focus);
  };
}

function field(f: Field, id: string, problem: string | undefined, focus: boolean): Html {
  const described = [problem && `${id}-problem`, f.hint && `${id}-hint`].filter(Boolean).join(" ");
  return html`<div class="field">
    <label for="${id}">${f.label}</label>
    <input id="${id}" name="${f.name}" type="${f.type ?? "text"}" autocomplete="${f.autocomplete}"
      ${f.value === undefined ? "" : html`value="${f.value}"`}
      ${f.min === undefined ? "" : html`minlength="${f.min}"`}
      ${f.max === undefined ? "" : html`maxlength="${f.max}"`}
      ${f.pattern === undefined ? "" : html`pattern="${f.pattern}"`}
      ${described === "" ? "" : html`aria-describedby="${described}"`}
      ${problem === undefined ? "" : html`aria-invalid="true"`} ${focus ? "autofocus" : ""}
      required autocapitalize="none" spellcheck="false">
    ${problem === undefined ? "" : html`<p class="problem" id="${id}-problem">${problem}</p>`}
    ${f.hint === undefined ? "" : html`<p class="hint" id="${id}-hint">${f.hint}</p>`}
  </div>`;
}

/** A form of one button that acts on one thing. about tells a screen reader on which. */
export function action(
  path: string,
  label: string,
  values: Record<string, string>,
  kind = "quiet",
  about?: string,
): Html {
  return html`<form method="post" action="${path}" class="inline">
    ${Object.entries(values).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
    <button class="${kind}" ${about === undefined ? "" : html`aria-label="${about}"`}>${label}</button>
  </form>`;
}

/** A sentence at the head of a page or a section. */
export function alert(problem: string | undefined): Html {
  return problem === undefined ? html`` : html`<p class="alert" role="alert">${problem}</p>`;
}

/** The title of a page whose form was refused says so first. */
export function titled(title: string, problems: Problems | undefined): string {
  return problems === undefined ? title : `Error: ${title}`;
}
