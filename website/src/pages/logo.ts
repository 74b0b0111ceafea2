import { html } from "./html.ts";

/** A waystone: an old mile-marker with a sign that glows. */
export const logo = html`<svg class="logo" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false">
  <path class="logo-stone" d="M9 28 10.2 9.5C10.5 5.6 13 3 16.2 3s5.6 2.4 5.9 6.2L23.4 28z"/>
  <path class="logo-edge" d="M16.2 3c3.2 0 5.6 2.4 5.9 6.2L23.4 28h-4.2L18.3 9.4C18.1 6.2 17.4 4 16.2 3z"/>
  <path class="logo-sign" d="M15.4 9v11M12.4 12.4l3-3.4 3 3.4M12.6 17h5.6"/>
  <path class="logo-ground" d="M4 28.6h24"/>
</svg>`;
