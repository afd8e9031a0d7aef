// What a tab keeps over a reload. A browser that lets it keep nothing may say so by an error.

export function keep(name, values) {
  try {
    sessionStorage.setItem(name, JSON.stringify(values));
  } catch {
    // It begins anew, then.
  }
}

export function kept(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name)) ?? {};
  } catch {
    return {};
  }
}
