/**
 * Merging of a child's conf with its parent's (nginx.md §1.8): the child's value if set, else the parent's, else the
 * default.
 */

/**
 * Gives `child[field]` the parent's value or `fallback` when it is undefined. The parent is merged or is the outermost,
 * as in nginx.
 */
export function mergeValue<C extends object, F extends keyof C>(parent: C, child: C, field: F, fallback: C[F]): void {
  if (child[field] !== undefined) return
  const inherited = parent[field]
  child[field] = inherited === undefined ? fallback : inherited
}

/** Does `mergeValue` for every field of `defaults`. */
export function mergeValues<C extends object>(parent: C, child: C, defaults: Partial<C>): void {
  for (const field of Object.keys(defaults) as (keyof C)[]) {
    mergeValue(parent, child, field, defaults[field] as C[keyof C])
  }
}

/**
 * Gives `conf[field]` its default when it is undefined, for main confs, which have no parent (nginx's
 * ngx_conf_init_value).
 */
export function initValue<C extends object, F extends keyof C>(conf: C, field: F, fallback: C[F]): void {
  if (conf[field] === undefined) conf[field] = fallback
}
