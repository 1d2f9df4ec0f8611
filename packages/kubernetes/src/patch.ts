/** The three kinds of patch that change a part of an object. Server-side apply is a verb of its own. */
export type Patch =
  | { readonly type: 'json'; readonly operations: readonly JsonPatchOperation[] }
  /** RFC 7396: null removes, lists are replaced whole. */
  | { readonly type: 'merge'; readonly body: unknown }
  /** As merge, but lists with a merge key are merged by it. Built-in kinds only. */
  | { readonly type: 'strategic-merge'; readonly body: unknown };

/** RFC 6902. */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly from: string; readonly path: string };
