/** What the launcher needs to start the game. */
export interface PlayLink {
  host: string;
  port: number;
  user: string;
  /** Good for one sign-in, for a minute. */
  ticket: string;
  /** Origin of this site. */
  site: string;
}

/** What a launcher takes as a site: https anywhere, http on the player's own PC. */
const sitePattern = /^(https:\/\/[a-z0-9.-]{1,253}|http:\/\/(localhost|127(\.\d{1,3}){3}))(:\d{1,5})?$/;

/**
 * Returns the link that the launcher opens. Its parts need no escapes, and the
 * launcher takes none, so that nothing in a link can become an argument of the
 * game client; a part that would need one is an error. With the site's address,
 * which is left out when launchers do not take it, a launcher can ask this site
 * whether the game is its own, and the player by its name.
 */
export function playLink(play: PlayLink): string {
  if (!/^[A-Za-z0-9.-]{1,253}$/.test(play.host)) throw new Error("the game's host does not fit into a link");
  // The client's options begin with an underscore.
  if (!/^[A-Za-z0-9.][A-Za-z0-9_.]{0,29}$/.test(play.user))
    throw new Error("the user name does not fit into a link");
  if (!/^[A-Za-z0-9]{32}$/.test(play.ticket)) throw new Error("the ticket does not fit into a link");
  const site = sitePattern.test(play.site) ? `&site=${play.site}` : "";
  return `waystone://play?v=1&host=${play.host}&port=${play.port}&user=${play.user}&ticket=${play.ticket}${site}`;
}
