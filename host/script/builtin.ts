import { ScriptLibrary } from './library.ts'
import { coreFunctions } from './functions/core.ts'
import { tableFunctions } from './functions/htable.ts'
import { logFunctions } from './functions/log.ts'
import { textFunctions } from './functions/text.ts'
import { nameAddressTransformations, toBodyTransformations } from './transformations/address.ts'
import { lineTransformations, urlTransformations } from './transformations/lines.ts'
import { parameterTransformations } from './transformations/parameters.ts'
import { regexTransformations } from './transformations/regex.ts'
import { stringTransformations } from './transformations/string.ts'
import { uriTransformations } from './transformations/uri.ts'
import { numberTransformations, valueTransformations } from './transformations/value.ts'
import { environmentVariables } from './variables/environment.ts'
import { tableVariables } from './variables/htable.ts'
import { messageVariables } from './variables/message.ts'
import { sipVariables } from './variables/sip.ts'
import { transportVariables } from './variables/transport.ts'
import { scriptVariables } from './variables/vars.ts'
import { xavpVariables } from './variables/xavp.ts'

/** A library with everything that the host itself brings; modules and plugins add theirs before a script is compiled. */
export function hostLibrary(): ScriptLibrary {
  const library = new ScriptLibrary()
  for (const list of [coreFunctions, tableFunctions, logFunctions, textFunctions]) for (const one of list) library.addFunction(one)
  for (const list of [scriptVariables, xavpVariables, messageVariables, transportVariables, sipVariables, environmentVariables, tableVariables]) {
    for (const one of list) library.addVariable(one)
  }
  for (const one of [
    stringTransformations, regexTransformations, parameterTransformations, uriTransformations, nameAddressTransformations, toBodyTransformations,
    lineTransformations, urlTransformations, valueTransformations, numberTransformations,
  ]) library.addTransformation(one)
  return library
}
