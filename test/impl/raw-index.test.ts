import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const options: ts.CompilerOptions = { target: ts.ScriptTarget.ES2024, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, lib: ['lib.es2024.d.ts', 'lib.esnext.sharedmemory.d.ts'], strict: true, noEmit: true, allowImportingTsExtensions: true, skipLibCheck: true, types: [] };

/** Element accesses on views of shared memory, as `file:line`. */
function rawIndices(files: readonly string[], plant = ''): string[] {
  const host = ts.createCompilerHost(options);
  const read = host.readFile.bind(host);
  host.readFile = (file) => (file === files.at(-1) ? `${read(file) ?? ''}\n${plant}` : read(file));
  host.getSourceFile = (file, language) => {
    const text = host.readFile(file);
    return text === undefined ? undefined : ts.createSourceFile(file, text, language);
  };
  const program = ts.createProgram([...files], options, host);
  const checker = program.getTypeChecker();
  const found: string[] = [];
  for (const file of files) {
    const source = program.getSourceFile(file) as ts.SourceFile;
    const visit = (node: ts.Node): void => {
      if (ts.isElementAccessExpression(node) && checker.typeToString(checker.getTypeAtLocation(node.expression), undefined, ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.InTypeAlias).endsWith('Array<SharedArrayBuffer>')) {
        found.push(`${file.slice(root.length + 1)}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

const files = globSync('impl/**/*.ts', { cwd: root }).map((file) => join(root, file)).sort();

test('shared words are indexed nowhere but in the plain-access helpers', () => {
  const found = rawIndices(files);
  expect(found.filter((place) => !place.startsWith('impl/access.ts'))).toEqual([]);
  expect(found.filter((place) => place.startsWith('impl/access.ts')).length).toBe(5);
});

test('a planted raw index is seen', () => {
  const last = files.at(-1) as string;
  const found = rawIndices(files, 'export function planted(words: Int32Array<SharedArrayBuffer>): number { return words[0] as number; }');
  expect(found.filter((place) => !place.startsWith('impl/access.ts'))).toEqual([`${last.slice(root.length + 1)}:${readFileSync(last, 'utf8').split('\n').length + 1}`]);
});
