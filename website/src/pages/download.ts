import type { LauncherFile } from "../launchers.ts";
import { type Html, html } from "./html.ts";
import { type Frame, layout } from "./layout.ts";

function size(bytes: number): string {
  const megabytes = bytes / 1_000_000;
  return megabytes >= 0.1 ? `${megabytes.toFixed(1)} MB` : `${Math.ceil(bytes / 1000)} KB`;
}

function row(file: LauncherFile, kind = ""): Html {
  return html`<li class="item">
    <div>
      <strong>${file.system ?? file.name}</strong>
      <span class="meta">${file.name}, ${size(file.bytes)}</span>
      <span class="meta sum">SHA-256 <code>${file.sha256}</code></span>
    </div>
    <a class="button ${kind}" href="/download/${file.name}" download aria-label="Download ${file.name}">Download</a>
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

/** What sha256sum checks the other files with. */
const sums = "SHA256SUMS";

/** The page that offers the launcher and says how it is set up. */
export function downloadPage(
  frame: Frame,
  files: { own: LauncherFile[]; others: LauncherFile[] },
  folder: string,
  launcherUrl: string | undefined,
): Html {
  const others = files.others.filter((file) => file.name !== sums);
  return layout(
    frame,
    "Launcher",
    html`<section class="card" aria-labelledby="files">
      <h1 id="files">Get the launcher</h1>
      <p>The launcher is a small program on your PC. It starts the game when you press Play.</p>
      ${launcherUrl === undefined ? "" : html`<p><a class="button primary" href="${launcherUrl}">Go to the launcher's page</a></p>`}
      ${
        files.own.length > 0
          ? html`<h2>For your system</h2>
            <ul class="list">${files.own.map((file, i) => row(file, i === 0 ? "primary" : ""))}</ul>`
          : ""
      }
      ${
        others.length > 0
          ? html`<h2>${files.own.length > 0 ? "For other systems" : "Choose your system"}</h2>
            <ul class="list">${others.map((file) => row(file))}</ul>`
          : ""
      }
      ${
        others.length < files.others.length
          ? html`<p class="meta">All checksums in one file: <a href="/download/${sums}" download>${sums}</a></p>`
          : ""
      }
      ${
        files.own.length + others.length === 0 && launcherUrl === undefined
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
  <li>Put the file where it can stay. On Linux and macOS it is packed: open it to unpack the launcher.</li>
  <li>Open the launcher with a double click. It asks in your browser where the game is.</li>
  <li>Come back here and press Play.</li>
</ol>
<p class="meta">Your system may warn of a program that it does not know. On Windows choose “More info”, then “Run
  anyway”; on macOS open “Privacy &amp; Security” in the settings and choose “Open Anyway”; on Linux choose “Run as a
  Program” from the file's menu.</p>
<p class="meta">The launcher asks before it starts the game for this site the first time.</p>`;
