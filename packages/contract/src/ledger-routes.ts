import { z } from 'zod'
import { answers, body, nothing } from './answers.ts'
import {
  byIndex,
  ExportPage,
  ExportQuery,
  LedgerEntry,
  LedgerHead,
  LedgerKey,
  LedgerQuery,
  LedgerSearchPage,
  LedgerSearchQuery,
  LedgerState,
  ProvenEntry,
  RotatedKey,
  VouchBody,
} from './schemas/ledger.ts'
import { Report, ReportQuery } from './schemas/report.ts'

/** What the ledger has, in forms for programs; its tree as files is in `ledgerFileRoutes`. */
export const ledgerRoutes = {
  ledger: {
    method: 'get',
    path: '/api/v1/ledger',
    summary: 'Ledger entries of one gateway, in order; admins and auditors only',
    request: { query: LedgerQuery },
    responses: answers(z.array(LedgerEntry), 'At most `limit` (1000) of them'),
  },
  ledgerSearch: {
    method: 'get',
    path: '/api/v1/ledger/search',
    summary: 'Events of the ledger of all gateways, the newest first; admins and auditors only',
    request: { query: LedgerSearchQuery },
    responses: answers(LedgerSearchPage, 'One page: what was found within about a second'),
  },
  ledgerEntry: {
    method: 'get',
    path: '/api/v1/ledger/entries/{index}',
    summary: 'One entry of the tree, with the proof that it is in it; admins and auditors only',
    request: { params: byIndex },
    responses: answers(ProvenEntry, 'The entry'),
  },
  ledgerState: {
    method: 'get',
    path: '/api/v1/ledger/state',
    summary: 'How large the tree is, what is signed of it, and what a witness has seen; admins and auditors only',
    responses: answers(LedgerState, 'As it is now'),
  },
  ledgerHeads: {
    method: 'get',
    path: '/api/v1/ledger/heads',
    summary: 'The last entry of each gateway; admins and auditors only',
    responses: answers(z.array(LedgerHead), 'By gateway'),
  },
  ledgerExport: {
    method: 'get',
    path: '/api/v1/ledger/export',
    summary: "The ledger of all gateways in the tree's order, as JSONL or OCSF, page by page; admins and auditors only",
    request: { query: ExportQuery },
    responses: answers(ExportPage, 'One page'),
  },
  ledgerReport: {
    method: 'get',
    path: '/api/v1/ledger/report',
    summary: 'Evidence of a period for an auditor: who did what, who approved it, which standing access nobody used; admins and auditors only',
    request: { query: ReportQuery },
    responses: answers(Report, 'Made from the whole ledger, so it may take a while'),
  },
  rotateSigningKey: {
    method: 'post',
    path: '/api/v1/ledger/rotate-key',
    summary: 'Put a new signing key in the place of that of the gateway that answers; admins only',
    request: { body: body(nothing) },
    responses: answers(RotatedKey, 'Recorded in its chain, signed by the key before'),
  },

  ledgerKeys: {
    method: 'get',
    path: '/api/v1/ledger/keys',
    summary: 'Which gateways have a key, and whose signature on a checkpoint counts; admins and auditors only',
    responses: answers(z.array(LedgerKey), 'In the order of the tree'),
  },
  vouch: {
    method: 'post',
    path: '/api/v1/ledger/vouch',
    summary: 'Say through this gateway that the key of another is its own; admins only',
    request: { body: body(VouchBody) },
    responses: answers(LedgerKey, 'Recorded; it counts when the entry is in the tree'),
  },
} as const
