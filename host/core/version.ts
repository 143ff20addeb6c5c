/** The version of vespid; the package, the SDK and the host move in lock step (checked by test/unit/version.test.ts). */
export const version = '0.1.0'
