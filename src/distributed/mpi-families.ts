/**
 * What tells the libraries of MPI apart. Handles (a communicator, a data type, a request) are of another
 * kind in each family; everything else that is called here is the same in all.
 */
import type { ForeignLibrary } from '../backend/index.js';

/** The handles of one family. */
export interface Handles {
  readonly family: string;
  /** Of a handle, in the words of the foreign-function interface. */
  readonly type: 'int' | 'int64_t';
  /** All ranks: MPI_COMM_WORLD. */
  readonly world: number;
  /** MPI_BYTE, the only type that is sent. */
  readonly byte: number;
  /** MPI_THREAD_FUNNELED: one thread calls MPI, among others that do not. */
  readonly funneled: number;
}

/** One family's libraries, and how they are known. */
export interface Family {
  /** The launcher's own family, where it has one; this one goes with any launcher otherwise. */
  readonly launcher: 'open-mpi' | 'mpich' | undefined;
  /** File names, the usual ones first. */
  readonly files: readonly string[];
  /** The handles, where the library is of this family. */
  readonly handles: (library: ForeignLibrary, file: string) => Handles | null;
}

/** The families, in the order in which they are looked for. */
export const FAMILIES: readonly Family[] = [
  {
    // Handles are addresses of variables that the library exports.
    launcher: 'open-mpi',
    files: names('mpi', ['40', '80']),
    handles(library) {
      const world = library.addressOf('ompi_mpi_comm_world');
      const byte = library.addressOf('ompi_mpi_byte');
      if (world === null || byte === null) return null;
      return { family: 'Open MPI', type: 'int64_t', world, byte, funneled: 1 };
    },
  },
  {
    // MPICH's ABI, which Intel MPI, MVAPICH and Cray MPICH share: whole numbers.
    launcher: 'mpich',
    files: [...names('mpi', ['12']), ...names('mpich', ['12']), ...names('mpi_cray', ['12'])],
    handles(library, file) {
      if (isStandard(file) || library.addressOf('ompi_mpi_comm_world') !== null) return null;
      return { family: 'MPICH', type: 'int', world: 0x44000000, byte: 0x4c00010d, funneled: 1 };
    },
  },
  {
    // MPI 5.0, chapter "Application Binary Interface". Only the file's name tells: the function that asks for the
    // version of the ABI is in libraries of the older ones, too.
    launcher: undefined,
    files: names('mpi_abi', ['1', '0']),
    handles(_library, file) {
      if (!isStandard(file)) return null;
      const family = 'the standard ABI of MPI 5';
      return { family, type: 'int64_t', world: 0x101, byte: 0x247, funneled: 1024 };
    },
  },
];

function isStandard(file: string): boolean {
  return /libmpi_abi\.[^/]*$/.test(file);
}

function names(stem: string, versions: readonly string[]): string[] {
  return process.platform === 'darwin'
    ? [...versions.map((version) => `lib${stem}.${version}.dylib`), `lib${stem}.dylib`]
    : [...versions.map((version) => `lib${stem}.so.${version}`), `lib${stem}.so`];
}
