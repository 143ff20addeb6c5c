import type { Modparam, RouteBlock, ScriptFile, ScriptListen } from './ast.ts'

type List<T> = T extends readonly (infer E)[] ? E[] : never

/** A ScriptFile while it is read. */
export class FileBuilder {
  readonly settings: List<ScriptFile['settings']> = []
  readonly variables: List<ScriptFile['variables']> = []
  readonly listens: ScriptListen[] = []
  readonly modules: List<ScriptFile['modules']> = []
  readonly modparams: Modparam[] = []
  readonly routes: RouteBlock[] = []
}
