/** What a plugin may be allowed to reach, with what stands behind the kind in `allow KIND …`. */
export const grantKinds = {
  net: 'HOST:PORT', zone: 'NAME', rpc: 'NAME', file: 'PATH', db: 'URL', listen: 'ADDRESS',
} as const
export type GrantKind = keyof typeof grantKinds

/** What the configuration allows each plugin (`plugin NAME { allow KIND WHAT …; }`); nothing else is allowed. */
export class Grants {
  private readonly plugins = new Map<string, Map<GrantKind, Set<string>>>()

  /** Allows a plugin one thing; false when it was allowed before. */
  add(plugin: string, kind: GrantKind, what: string): boolean {
    let kinds = this.plugins.get(plugin)
    if (kinds === undefined) this.plugins.set(plugin, kinds = new Map())
    let allowed = kinds.get(kind)
    if (allowed === undefined) kinds.set(kind, allowed = new Set())
    if (allowed.has(what)) return false
    allowed.add(what)
    return true
  }

  /** Whether exactly this was allowed. */
  has(plugin: string, kind: GrantKind, what: string): boolean {
    return this.plugins.get(plugin)?.get(kind)?.has(what) === true
  }

  /** What a plugin is allowed of a kind, as written; for kinds that are more than names. */
  list(plugin: string, kind: GrantKind): readonly string[] {
    return [...this.plugins.get(plugin)?.get(kind) ?? []]
  }
}

/** The line that would allow it, for notes. */
export function missingGrant(plugin: string, kind: GrantKind, what: string): string {
  return `add "plugin ${plugin} { allow ${kind} ${what}; }" to the main context`
}
