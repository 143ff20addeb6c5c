/** Recorded cases whose module does not exist yet. The golden test fails when one of them is answered right: take it out then. */
const byReason: Record<string, string> = {
  'module access': 'allow-bad allow-low-bits',
  'module limit_req': 'limit-req-zone-bad limit-req-zone-small limit-req-zone-nozone limit-req-zone-dup limit-req-unknown-zone limit-req-dup ' +
    'limit-req-noparam status-bounds',
  'module limit_conn': 'limit-conn-zero limit-conn-size-conflict',
  'module auth_basic': 'auth-basic-args',
  'module try_files': 'try-files-code try-files-dup',
  'module headers': 'add-header-args add-header-always-bad',
}

/** The name of each case that is not answered right yet, with the reason. */
export const missing: Record<string, string> = Object.fromEntries(
  Object.entries(byReason).flatMap(([reason, names]) => names.split(' ').map((name) => [name, reason])))
