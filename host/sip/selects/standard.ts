/** The selects that the server has: those of the core always, those of a module when it is loaded (the seed's rule, select.md §2). */
import type { SelectRow } from '../../expr/select/table.ts'
import type { SelectServices } from './system.ts'
import { SelectTable } from '../../expr/select/table.ts'
import { headerRows } from './headers.ts'
import { httpRows } from './http.ts'
import { messageRows } from './message.ts'
import { nathelperRows } from './nathelper.ts'
import { defineNests } from './nests.ts'
import { networkRows } from './network.ts'
import { attributeRows, branchRows, tmRows } from './routing.ts'
import { noServices, settingRows, systemRows, timerRows } from './system.ts'
import { textopsxRows } from './textopsx.ts'
import { tlsRows } from './tls.ts'
import { xmlrpcRows } from './xmlrpc.ts'

/** The modules that bring selects, and the first elements of these. */
const modules: readonly (readonly [string, readonly string[], (services: SelectServices) => readonly SelectRow[]])[] = [
  ['textopsx', ['hf_value', 'hf_value2', 'hf_value_exists'], () => textopsxRows],
  ['tls', ['tls'], () => tlsRows],
  ['tm', ['tm'], () => tmRows],
  ['timer', ['timer'], timerRows],
  ['nathelper', ['nathelper'], () => nathelperRows],
  ['avp', ['attr', 'avp', 'attribute'], () => attributeRows],
  ['xmlrpc', ['xmlrpc'], () => xmlrpcRows],
]

/** Names of the modules that bring selects of their own. */
export const selectModules: readonly string[] = modules.map(([name]) => name)

/** A table with the core's selects and those of the modules for which `loaded` is true. More rows may be added until something is resolved. */
export function standardSelects(loaded: (module: string) => boolean, services: SelectServices = noServices): SelectTable {
  const table = new SelectTable()
  defineNests(table)
  for (const rows of [messageRows, headerRows, httpRows, networkRows, branchRows, systemRows(services), settingRows(services)]) {
    for (const row of rows) table.define(row, 'core')
  }
  for (const [module, roots, rows] of modules) {
    if (loaded(module)) for (const row of rows(services)) table.define(row, module)
    else for (const root of roots) table.announce(root, module)
  }
  return table
}
