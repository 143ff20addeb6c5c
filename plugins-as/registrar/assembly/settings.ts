// What modparam sets.
import { Level, ParamType, conf, parameter } from '@vespid/sdk'

/** The class of the parameters: what they say is in the variables below, which every instance begins with. */
class Conf {}
conf<Conf>(Level.Main)

export let defaultExpires: i64 = 3600
export let minExpires: i64 = 60
export let maxExpires: i64 = 0
export let maxContacts = 0
export let defaultQ = -1
export let retryAfter = 0
export let caseSensitive = true
export let methodFiltering = false

const counts = 'must not be negative'
parameter<Conf>('default_expires', ParamType.Int, (c: Conf, t: string, n: i32): string | null => { defaultExpires = n; return n < 0 ? counts : null })
parameter<Conf>('min_expires', ParamType.Int, (c: Conf, t: string, n: i32): string | null => { minExpires = n; return n < 0 ? counts : null })
parameter<Conf>('max_expires', ParamType.Int, (c: Conf, t: string, n: i32): string | null => { maxExpires = n; return n < 0 ? counts : null })
parameter<Conf>('max_contacts', ParamType.Int, (c: Conf, t: string, n: i32): string | null => { maxContacts = n; return n < 0 ? counts : null })
parameter<Conf>('retry_after', ParamType.Int, (c: Conf, t: string, n: i32): string | null => { retryAfter = n; return n < 0 ? counts : null })
parameter<Conf>('default_q', ParamType.Int, (c: Conf, t: string, n: i32): string | null => { defaultQ = n; return n < -1 || n > 1000 ? 'must be between -1 and 1000' : null })
parameter<Conf>('case_sensitive', ParamType.Int, (c: Conf, t: string, n: i32): string | null => { caseSensitive = n != 0; return null })
parameter<Conf>('method_filtering', ParamType.Int, (c: Conf, t: string, n: i32): string | null => { methodFiltering = n != 0; return null })
const idle: string[] = ['append_branches', 'received_avp', 'received_param', 'default_expires_range', 'expires_range', 'realm_prefix', 'sock_flag', 'sock_hdr_name', 'use_path',
  'path_mode', 'path_use_received', 'path_check_local', 'xavp_cfg', 'xavp_rcd', 'gruu_enabled', 'outbound_mode', 'regid_mode', 'flow_timer', 'aor_avp', 'rcv_avp', 'contact_max_size', 'event_callback', 'sruid_ver', 'reg_callid_avp', 'attr_avp', 'tcp_persistent_flag']
for (let i = 0; i < idle.length; i++) parameter<Conf>(idle[i], ParamType.IntOrText, (c: Conf): string | null => null)
