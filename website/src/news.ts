import { open } from "node:fs/promises";
import { type Html, html } from "./pages/html.ts";
import { logLine } from "./text.ts";

/** Bytes of the file that are read. */
const most = 64 * 1024;

/** Reads the news again for every page, so that an operator only has to save the file. */
export class News {
  readonly #file: string;
  #missing = false;

  constructor(file: string) {
    this.#file = file;
  }

  /** Returns the news; undefined when there are none, or the file cannot be read. */
  async read(): Promise<Html | undefined> {
    try {
      const file = await open(this.#file);
      try {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(most), 0, most, 0);
        this.#missing = false;
        const text = buffer.toString("utf8", 0, bytesRead).trim();
        return text === "" ? undefined : newsBlocks(text);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (!this.#missing)
        console.error(
          `website: NEWS_FILE cannot be read: ${logLine(error instanceof Error ? error.message : "")}`,
        );
      this.#missing = true;
      return undefined;
    }
  }
}

/** Turns the little of Markdown that news need into markup: headings, lists, paragraphs, bold, links. */
export function newsBlocks(text: string): Html {
  const blocks = text.replaceAll("\r\n", "\n").split(/\n{2,}|\n(?=#{1,3} )|(?<=^#{1,3} .*)\n/m);
  return html`${blocks.filter((block) => block.trim() !== "").map(blockOf)}`;
}

function blockOf(block: string): Html {
  const heading = /^#{1,3} (.*)$/.exec(block.trim())?.[1];
  if (heading !== undefined) return html`<h3>${inline(heading)}</h3>`;
  const lines = block.trim().split("\n");
  if (lines.every((line) => /^[-*] /.test(line)))
    return html`<ul class="plain">${lines.map((line) => html`<li>${inline(line.slice(2))}</li>`)}</ul>`;
  return html`<p>${inline(lines.join(" "))}</p>`;
}

const marks = /\*\*([^*]+)\*\*|\[([^\]]+)\]\((https?:\/\/[^\s)]+|\/(?!\/)[^\s)]*)\)/g;

function inline(text: string): Html {
  const parts: (Html | string)[] = [];
  let at = 0;
  for (const match of text.matchAll(marks)) {
    const [whole, bold, label, address] = match;
    parts.push(text.slice(at, match.index));
    parts.push(bold === undefined ? html`<a href="${address}">${label}</a>` : html`<strong>${bold}</strong>`);
    at = match.index + whole.length;
  }
  parts.push(text.slice(at));
  return html`${parts}`;
}
