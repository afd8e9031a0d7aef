// The few emoji that the sandbox's Slack knows by name.

const NAMED = {
  "+1": "👍", "-1": "👎", bulb: "💡", eyes: "👀", fire: "🔥", heart: "❤️", memo: "📝",
  point_right: "👉", question: "❓", rocket: "🚀", smile: "😄", tada: "🎉", thinking_face: "🤔",
  thumbsup: "👍", thumbsdown: "👎", warning: "⚠️", wave: "👋", white_check_mark: "✅", x: "❌",
  hourglass: "⌛", no_entry_sign: "🚫", hourglass_flowing_sand: "⏳",
};

/** An emoji by its name; the name itself when it is not known. */
export function emoji(name) {
  return Object.hasOwn(NAMED, name) ? NAMED[name] : `:${name}:`;
}
