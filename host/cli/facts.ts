import type { PluginFacts } from '../wasm/plugins.ts'

/** One kind of things that a plugin registers: what one is called, and their names; of filters, which have none, their number. */
export type Registered = readonly [one: string, names: readonly string[] | number]

/** What a plugin registers besides directives, kind by kind in the order in which commands tell it; kinds of which there is nothing are left out. */
export function registered(facts: PluginFacts): Registered[] {
  const kinds: readonly (readonly [string, readonly string[] | number | undefined])[] = [
    ['phase', facts.phases], ['hook', facts.hooks],
    ['header filter', facts.header_filters], ['body filter', facts.body_filters], ['input filter', facts.input_filters],
    ['variable', facts.variables], ['select', facts.selects], ['function', facts.functions?.map((name) => `${name}()`)],
    ['pseudo-variable', facts.pseudo_variables], ['transformation', facts.transformations], ['parameter', facts.parameters],
    ['event route', facts.event_routes], ['command', facts.commands], ['metric', facts.metrics], ['zone', facts.zones], ['timer', facts.timers],
  ]
  return kinds.filter((kind): kind is Registered => kind[1] !== undefined)
}
