// What a person does, told to the sandbox.

import { openForm } from "./form.js";

/** Do it; gives the id of what was written, if anything was. An `Error` has the sentence that says why it did not happen. */
export async function act(name, values) {
  const told = await sent(name, values);
  if (told.form) openForm(told.form, sent);
  return told.id;
}

async function sent(name, values) {
  let response;
  try {
    response = await fetch(`/do/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(values),
    });
  } catch {
    throw new Error("The sandbox does not answer. Is it still running?");
  }
  const told = await response.json().catch(() => ({}));
  if (response.ok) return told;
  throw new Error(told.sentence ?? "The sandbox could not do that; its terminal says why.");
}

/** Have something done to the bot: `start`, `kill`, `drain`, `again`; how it is then comes with the news. */
export const bot = (wish) => sent(`bot/${wish}`, {});

/** Have something go wrong, or not any more. */
export const fail = (how, values) => sent(`faults/${how}`, values);

/** What somebody can type after a slash on a platform; nothing when the sandbox does not say. */
export const commands = async (space, person) => (await known(person))[space] ?? [];

/** What they can choose from a message's menu there. */
export const entries = async (space, person) => (await known(person)).menus?.[space] ?? [];

async function known(person) {
  try {
    const response = await fetch(`/commands?person=${encodeURIComponent(person)}`);
    return response.ok ? await response.json() : {};
  } catch {
    return {};
  }
}
