/**
 * The search attributes that runs carry, so that the Web UI's list answers "which cluster waits for me?" without a query.
 * All of type Keyword. They are never encrypted: names and states only, no evidence. A namespace has room for ten Keywords.
 */
export const searchAttributeNames = ['ClusterId', 'RunbookPhase', 'IncidentState', 'ApprovalState'] as const;

export type SearchAttributeName = (typeof searchAttributeNames)[number];
