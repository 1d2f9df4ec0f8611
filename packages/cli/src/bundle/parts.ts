/**
 * Parts what is ours into what an executable always runs and the rest, which is imported lazily from somewhere. The first is flat text, the
 * second a file of its own, evaluated module by module: in one file, the bundler would wrap each module that both use into a function,
 * and calling hundreds of those takes longer than what they contain.
 */
import { context, type BuildOptions, type Metafile } from 'esbuild';
import { askRest, fileOf, findShared, restNamespace, sharingEntry, type Border, type Shared } from './rest-apart.ts';

export interface Parts extends Border {
  /** The first file. */
  readonly text: string;
}

/** What the rest takes may bring more into the first, which then has more to give. Two or three rounds are usual. */
const roundsMax = 10;

/** @param ours how to bundle @param restFile name of the file that will hold the rest */
export async function findParts(ours: BuildOptions, entry: string, folder: string, restFile: string): Promise<Parts> {
  let eager: ReadonlySet<string> = new Set();
  let shared: Shared = new Map();
  // Made again and again, with what has been read of files kept.
  const making = await context({
    ...ours,
    stdin: { contents: `import "executable"; export * from "executable";`, resolveDir: folder, loader: 'js' },
    write: false,
    metafile: true,
    plugins: [askRest(entry, () => sharingEntry(entry, shared), (file) => !eager.has(file), restFile), ...(ours.plugins ?? [])],
  });
  try {
    for (let round = 0; round < roundsMax; round += 1) {
      const { metafile, outputFiles } = await making.rebuild();
      const found = filesOf(metafile);
      const roots = new Set(found.lazy.filter((file) => !found.eager.has(file)));
      if (round > 0 && found.eager.size === eager.size) return { eager, roots, text: outputFiles?.find(({ path }) => path.endsWith('.cjs'))?.text ?? '' };
      const text = outputFiles?.find(({ path }) => path.endsWith('.cjs'))?.text ?? '';
      const more = await findShared(ours, { eager: found.eager, roots }, folder);
      // Nothing is asked for that is not given, and nothing is asked of the rest that is here: another round would make the same.
      if (isSameShare(more, shared) && !found.lazy.some((file) => found.eager.has(file))) return { eager: found.eager, roots, text };
      eager = found.eager;
      shared = more;
    }
  } finally {
    await making.dispose();
  }
  throw new Error(`${entry} cannot be parted: more and more is shared`);
}

function isSameShare(a: Shared, b: Shared): boolean {
  return a.size === b.size && [...a].every(([path, names]) => names.size === b.get(path)?.size && [...names].every((name) => b.get(path)?.has(name)));
}

/** Files that have text in the first file, and those it asks the rest for. What only passes on what others export has no text of its own. */
function filesOf({ outputs }: Metafile): { readonly eager: Set<string>; readonly lazy: readonly string[] } {
  const files = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])));
  const isLazy = (file: string): boolean => file.startsWith(`${restNamespace}:`);
  return {
    eager: new Set(files.filter((file) => !isLazy(file)).map(fileOf)),
    lazy: files.filter(isLazy).map((file) => fileOf(file.slice(restNamespace.length + 1))),
  };
}
