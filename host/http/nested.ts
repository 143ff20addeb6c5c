import type { Verdict } from '../module.ts'
import type { Nest, Tree } from './postpone.ts'
import type { Request } from './request.ts'
import { ERROR, OK } from '../module.ts'
import { Level } from '../core/log.ts'
import { endMain, terminate } from './finalize.ts'
import { runLogPhase } from './phases.ts'
import { Output, flushTree, kick, wake } from './postpone.ts'
import { releaseSubrequests, startPostAction } from './subrequest.ts'

/**
 * The end of requests with subrequests, and of subrequests (nginx.md §7): a subrequest ends in its parent, the main request when its last
 * subrequest has ended. Each ends once, whoever asks for it.
 */

/**
 * The head of a request of a tree is due. Of a subrequest nothing is written, its status stays in `headersOut`; true. Of the main request: what
 * its subrequests have put out already follows its head; false. Body filters are the caller's to start.
 */
export function nestedHead(r: Request): boolean {
  const { tree } = r.nest!
  if (r === tree.main) {
    if (tree.live > 0) queueMicrotask(() => kick(tree))
    return false
  }
  if (r.headersOut.status === 0) r.headersOut.status = 200
  r.headerSent = true
  return true
}

/** A subrequest's handler is through, or broke off with `rc`. Its output may still wait for its turn. */
export function subrequestOver(sr: Request, rc: Verdict): void {
  const nest = sr.nest!
  const { tree } = nest
  if (nest.over) return
  nest.over = sr.finished = true
  if (rc !== OK && !sr.headerSent) sr.headersOut.status = rc >= 100 ? rc : 500
  const verdict = tell(sr, nest, rc)
  if (verdict !== OK && !nest.background && (nest.output === Output.Ordered || verdict === 444)) {
    return terminate(tree.main, tree.main.headerSent || verdict === ERROR ? 0 : verdict)
  }
  if (nest.output === Output.Ordered) return flushTree(tree)
  subrequestDrained(sr)
  requestSettled(tree)
}

/** Tells its maker how it ended; what that throws is logged and ends the subrequest as an error. */
function tell(sr: Request, nest: Nest, rc: Verdict): Verdict {
  const { done } = nest
  if (done === null) return rc
  nest.done = null
  const body = nest.output !== Output.Memory ? null : nest.collected.length === 1 ? nest.collected[0]! : Buffer.concat(nest.collected)
  try {
    return done(sr, body, rc)
  } catch (error) {
    sr.handlerFailed(error)
    return ERROR
  }
}

/** All of a subrequest's output is out: it is logged when log_subrequest says so, and lets go of what it holds. */
export function subrequestDrained(sr: Request): void {
  const nest = sr.nest!
  if (nest.complete) return
  nest.complete = true
  nest.tree.live--
  if (sr.location.logSubrequest) runLogPhase(sr)
  letGo(sr)
}

function letGo(sr: Request): void {
  sr.body.release()
  try {
    sr.runCleanups()
  } catch (error) {
    sr.handlerFailed(error)
  }
}

/** The main request's handler is through: it ends when all of its output is out and no subrequest is left. */
export function mainOver(main: Request): void {
  const { tree } = main.nest!
  if (tree.finishing) return
  tree.finishing = true
  main.connection.suspend(main)
  flushTree(tree)
  requestSettled(tree)
}

/** Ends the main request if nothing of it is left; while only subrequests without output are left, the client has its whole answer already. */
export function requestSettled(tree: Tree): void {
  const { main } = tree
  if (!tree.finishing || tree.writing || main.finished || main.nest!.queue.length > 0 || tree.active !== main) return
  dropUnplaced(tree)
  if (tree.postAction !== '') {
    const uri = tree.postAction
    tree.postAction = ''
    startPostAction(main, uri)
  }
  const c = main.connection
  if (tree.live > 0) {
    tree.answered = true
    c.engine.writer.flush()
    return
  }
  // The client may have closed its side while the response was already complete.
  if (c.peerEnded) main.keepalive = false
  endMain(main)
}

/** A subrequest whose place was never given has no place in the response. */
function dropUnplaced(tree: Tree): void {
  for (const sr of tree.all) {
    const nest = sr.nest!
    if (nest.complete || nest.output !== Output.Ordered || nest.placed) continue
    sr.log(Level.alert, 'subrequest without a place in the response')
    nest.output = Output.None
    nest.queue.length = nest.held = 0
    wake(nest, OK)
    if (nest.over) subrequestDrained(sr)
  }
}

/**
 * The main request is over: with `whole` all of its subrequests are through, and their objects are given back. Else they end here, each once and
 * unlogged, and whoever waits for one is told 499.
 */
export function treeOver(tree: Tree, whole: boolean): void {
  if (whole) return releaseSubrequests(tree)
  wake(tree.main.nest!, ERROR)
  for (const sr of tree.all) {
    const nest = sr.nest!
    if (nest.complete) continue
    nest.complete = true
    nest.queue.length = nest.held = 0
    sr.finished = true
    if (!nest.over) {
      nest.over = true
      if (!sr.headerSent) sr.headersOut.status = 499
      tell(sr, nest, 499)
    }
    wake(nest, ERROR)
    letGo(sr)
  }
  tree.live = 0
}
