import type { LauncherFile } from "../launchers.ts";
import { type Html, html } from "./html.ts";
import { type Frame, layout } from "./layout.ts";

function size(bytes: number): string {
  const megabytes = bytes / 1_000_000;
  return megabytes >= 0.1 ? `${megabytes.toFixed(1)} MB` : `${Math.ceil(bytes / 1000)} KB`;
}

function row(file: LauncherFile): Html {
  return html`<li class="item">
    <div>
      <strong>${file.system ?? file.name}</strong>
      <span class="meta">${file.name}, ${size(file.bytes)}</span>
      <span class="meta sum">SHA-256 <code>${file.sha256}</code></span>
    </div>
    <a class="button" href="/download/${file.name}" download aria-label="Download ${file.name}">Download</a>
  </li>`;
}

function nothing(isAdmin: boolean, folder: string): Html {
  return html`<p class="empty">There is no launcher to download here yet. Ask the operator of this server for it.</p>
    ${
      isAdmin
        ? html`<p class="caution">For the operator: run <code>make launchers</code> in the server's folder. The files
            of <code class="wrap">${folder}</code> (setting <code>LAUNCHER_DIR</code>) appear here at once.</p>`
        : ""
    }`;
}

/** The page that offers the launcher and says how it is set up. */
export function downloadPage(
  frame: Frame,
  files: LauncherFile[],
  folder: string,
  launcherUrl: string | undefined,
): Html {
  return layout(
    frame,
    "Launcher",
    html`<section class="card" aria-labelledby="files">
      <h1 id="files">Get the launcher</h1>
      <p>The launcher is a small program on your PC. It starts the game when you press Play.</p>
      ${launcherUrl === undefined ? "" : html`<p><a class="button primary" href="${launcherUrl}">Go to the launcher's page</a></p>`}
      ${
        files.length > 0
          ? html`<ul class="list">${files.map(row)}</ul>`
          : launcherUrl === undefined
            ? nothing(frame.login?.isAdmin ?? false, folder)
            : ""
      }
    </section>
    <section class="card" aria-labelledby="setup">
      <h2 id="setup">Set it up once</h2>
      ${setupSteps}
    </section>`,
  );
}

/** How a player sets the launcher up. */
export const setupSteps = html`<ol class="plain">
  <li>Open a terminal in the folder with the launcher.</li>
  <li>Run <code>waystone-launcher client PATH</code>. PATH is the game's program.</li>
  <li>Run <code>waystone-launcher register</code>, so that your browser can open the launcher.</li>
  <li>Come back here and press Play.</li>
</ol>
<p class="meta">If the launcher says that a server has not been allowed, run the command that it shows.</p>`;
