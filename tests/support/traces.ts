/**
 * All that a role, or what is left of one, can be on a server: itself, its memberships, what depends on it in any database, and its settings.
 * One text, for the superuser: the same before and after means that nothing was left, and that nobody else's was touched.
 */
export const TRACES = `SELECT json_build_object(
  'roles', (SELECT json_agg(r ORDER BY r.oid) FROM pg_authid r),
  'members', (SELECT json_agg(m ORDER BY m.roleid, m.member, m.grantor) FROM pg_auth_members m),
  'dependences', (SELECT json_agg(d ORDER BY d.dbid, d.classid, d.objid, d.refobjid, d.deptype) FROM pg_shdepend d),
  'settings', (SELECT json_agg(s ORDER BY s.setdatabase, s.setrole) FROM pg_db_role_setting s))::text`
