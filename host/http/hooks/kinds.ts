import type { Verdict } from '../../module.ts'
import { DECLINED, OK } from '../../module.ts'

/** How a hook's handlers are run: Apache's three kinds (hooks.md §1). */
export type HookKind = 'void' | 'all' | 'first'

/** Whether a handler's verdict ends a run of this kind: any but "not mine" ends RUN_FIRST, any but that and OK ends RUN_ALL. */
export function ends(kind: HookKind, verdict: Verdict): boolean {
  return kind === 'first' ? verdict !== DECLINED : kind === 'all' && verdict !== DECLINED && verdict !== OK
}

/** What a run answers that no handler has ended: RUN_ALL that all is well, RUN_FIRST that it was nobody's. Of VOID nobody asks. */
export function unended(kind: HookKind): Verdict {
  return kind === 'first' ? DECLINED : OK
}

/**
 * Runs `count` handlers in their order: `call(i)` runs the i-th and returns its verdict. Returns the verdict that ended the run, else `unended`. For
 * places where nobody can wait; those of requests run as steps.
 */
export function runKind(kind: HookKind, count: number, call: (i: number) => Verdict): Verdict {
  for (let i = 0; i < count; i++) {
    const verdict = call(i)
    if (ends(kind, verdict)) return verdict
  }
  return unended(kind)
}
