import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

/** What better-auth answered to a program. */
export interface Answer {
  status: number;
  /** The answer's JSON; null stays null. */
  data: Record<string, unknown> | null;
  /** The value of the session's cookie, as it was set; empty when it was not. */
  cookie: string;
}

/** Who asks: by a raw token, by the session's cookie, or nobody. */
export interface Who {
  token?: string;
  cookie?: string;
  agent?: string;
}

const cookieName = "better-auth.session_token";

/** Calls better-auth's own API: POST with a body, GET without. */
export async function callSite(url: string, path: string, who: Who = {}, body?: object): Promise<Answer> {
  const headers = new Headers({ origin: url });
  if (who.token !== undefined) headers.set("authorization", `Bearer ${who.token}`);
  if (who.cookie !== undefined) headers.set("cookie", `${cookieName}=${who.cookie}`);
  if (who.agent !== undefined) headers.set("user-agent", who.agent);
  if (body !== undefined) headers.set("content-type", "application/json");
  const response = await fetch(`${url}/api/auth${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const set = response.headers.getSetCookie().map((c) => /^better-auth\.session_token=([^;]*)/.exec(c)?.[1]);
  return {
    status: response.status,
    data: (await response.json().catch(() => null)) as Answer["data"],
    cookie: set.find((value) => value !== undefined && value !== "") ?? "",
  };
}

/** Somebody with an account, and a session of it. */
export interface Member {
  id: string;
  name: string;
  token: string;
  /** The signed value of the session's cookie. */
  cookie: string;
}

/** Signs somebody up. */
export async function signUp(url: string, name: string, password: string, agent?: string): Promise<Member> {
  const body = { name, username: name, email: `${name}@example.com`, password };
  return member(name, await callSite(url, "/sign-up/email", agent === undefined ? {} : { agent }, body));
}

/** Signs somebody in. */
export async function signIn(url: string, name: string, password: string): Promise<Member> {
  return member(name, await callSite(url, "/sign-in/username", {}, { username: name, password }));
}

function member(name: string, answer: Answer): Member {
  const { token, user } = (answer.data ?? {}) as { token?: string; user?: { id: string } };
  assert.ok(token && user && answer.cookie, `${name}: ${answer.status} ${JSON.stringify(answer.data)}`);
  return { id: user.id, name, token, cookie: answer.cookie };
}

/** Signs a token as better-auth does for its cookie. */
export function signedCookie(token: string, secret: string): string {
  return encodeURIComponent(`${token}.${createHmac("sha256", secret).update(token).digest("base64")}`);
}

/** The session that better-auth finds; undefined for none. It is not prolonged by being looked at. */
export async function websiteSession(url: string, who: Who): Promise<Record<string, string> | undefined> {
  const { status, data } = await callSite(url, "/get-session?disableRefresh=true", who);
  assert.equal(status, 200);
  return data === null ? undefined : (data.session as Record<string, string>);
}
