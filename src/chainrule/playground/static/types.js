// The shapes of what the page knows, for the type checker alone: nothing here runs.

/** @typedef {import("./protocol.js").Numbers} Numbers */
/** @typedef {{units: number, activation: string, dropout: number}} LayerSpec */
/**
 * @typedef {object} Spec
 * @property {{name: string, samples: number, noise: number, train_share: number, seed: number, target: string | null,
 *   task: string | null, kinds: Record<string, string>}} data
 * @property {string[]} inputs
 * @property {LayerSpec[]} layers
 * @property {string} loss
 * @property {string} init
 * @property {number} init_seed
 * @property {string} optimizer
 * @property {Record<string, number>} optimizer_settings
 * @property {string} schedule
 * @property {Record<string, number>} schedule_settings
 * @property {number} learning_rate
 * @property {number} l1
 * @property {number} l2
 * @property {number} batch_size
 * @property {string} dtype
 * @property {{epochs: number | null, cost: number | null, seconds: number | null}} stop
 * @property {{axes: number[] | "pca", slices: Record<string, number>, discretise: boolean, show_test: boolean,
 *   hide: string[], speed: number | "max"}} view
 */
/** @typedef {{name: string, default: number, low: number | null, high: number | null}} Setting */
/** @typedef {{name: string, equation?: string, about?: string, settings: Setting[]}} Method */
/**
 * @typedef {{name: string, group: string, task: string, about: string, inputs: string[],
 *   preview: number[][]}} Dataset
 */
/**
 * @typedef {{datasets: Dataset[], features: string[], kinds: string[], activations: string[], optimizers: Method[], schedules: Method[], losses: string[],
 *   inits: string[]}} Catalogue
 */
/** @typedef {{upload_bytes: number, layers: number, units: number, samples: number, inputs: number, points: number}} Limits */
/** @typedef {{version: number, chainrule: string, defaults: Spec, catalogue: Catalogue, limits: Limits}} Welcome */
/** @typedef {{name: string, units: number, activation: string, dropout: number, parameters: number}} LayerState */
/** @typedef {{name: string, label: string, low: number, high: number, middle: number,
 *   offset: number, scale: number, is_number: boolean}} BaseColumn */
/** @typedef {{name: string, kind: string, reason?: string, missing?: number, distinct?: number}} TableColumn */
/** @typedef {{epoch: number, batch: number, sample: number, step: number, substep: string}} Position */
/**
 * @typedef {{inputs: {name: string, label: string}[], layers: LayerState[], outputs: string[],
 *   parameters: {name: string, shape: number[]}[], n_parameters: number}} NetworkState
 */
/**
 * @typedef {{name: string, title: string, task: string, classes: string[], base: BaseColumn[], columns: TableColumn[],
 *   target: {name: string, low: number, high: number, offset: number, scale: number}, n_train: number, n_test: number, picture: number[] | null,
 *   domain: {x: [number, number], y: [number, number]}, axes: {x: string, y: string, units: [number, number][]}, hash: string, drawn: number[][]}} DataState
 */
/**
 * @typedef {{id: number, name: string, current: boolean, epochs: number[], train: (number | null)[],
 *   test: (number | null)[], spec: any}} Run
 */
/**
 * @typedef {{spec: Spec, network: NetworkState, data: DataState,
 *   metric: {name: string, label: string, is_share: boolean}, position: Position, running: boolean,
 *   checkpoints: number[], history: {runs: Run[]}, reset: string, notes: string[], arrays: Record<string, Numbers>}} State
 */
/** @typedef {{frames_per_second: number, bytes: number, dropped: number, build_ms: number}} Budget */
/**
 * @typedef {{n: number, serial: number, running: boolean, position: Position, seconds: number,
 *   cost: {train: number | null, test: number | null},
 *   metrics: {train: Record<string, number | null>, test: Record<string, number | null>},
 *   rate: number, epochs_per_second: number, points: (number | null)[][],
 *   map: {of: string, kind: "unit" | "value" | "probability" | "class", size: number, low: number, high: number},
 *   thumbnail: {size: number, inputs: number, units: number}, budget: Budget | null,
 *   arrays: Record<string, Numbers>}} Frame
 */
/** @typedef {{latex: string, text: string, mathml: string}} Formula */
/** @typedef {Formula & {name: string, title: string, plain: string, numbers: Record<string, number>}} DerivationStep */
/** @typedef {Formula & {row: number | null, neuron: string, path: string[], symbols: string, value: number}} Term */
/**
 * @typedef {Formula & {name: string, shape: number[], rows: number[], columns: number[], values: number[][],
 *   highlight: {row: number | null, column: number | null}}} Matrix
 */
/**
 * @typedef {{of: string, title: string, latex: string, mathml: string, letters: (Formula & {meaning: string})[],
 *   steps: DerivationStep[], rows: number[], terms: Term[], rest: {count: number, value: number}, sum: number,
 *   neurons: {neuron: string, value: number}[], penalty: number | null, gradient: number, cost: number,
 *   vectorised: Formula & {matrices: Matrix[]},
 *   update: (Formula & {rule: string, note: string, learning_rate: number, before: number, gradient: number,
 *     after: number}) | null,
 *   check: {analytic: number | null, numeric: number | null, error: number | null, step: number, measured: string,
 *     relative_error: number | null, verdict: "agrees" | "differs" | "cannot be told", why: string, agrees: boolean},
 *   source: {file: string, line: number, text: string, function: string}}} Derivation
 */
/** @typedef {{param: string, index: number[]} | {output: number}} Selection */
/** @typedef {{layer: string, unit: number}} UnitName */
/** @typedef {{key: string, follow: string, role: "own" | "guest", found: "new" | "again" | "lost" | "copy" | "follow"}} Session */
/** @typedef {{text: string, kind?: "refusal" | "advice", seconds?: number, about?: string, actions?: [string, () => void][]}} Notice */
/** @typedef {{status: "locked" | "connecting" | "open" | "lost" | "reconnecting" | "refused", attempt: number, reason?: string, retry?: number}} Connection */
/** @typedef {{expected: string, came: string, remedy: string, to?: string}} Refusal */
/** @typedef {{kind: string, epoch: number, text: string}} Advice */
/**
 * @typedef {{phase: string, next: string, position: Position, rows: number[], cost: number | null,
 *   values: Record<string, any>, text: string}} Substep
 */
/**
 * @typedef {{x: number[] | null, inputs: number[], units: Record<string, number[]>, target: number | null,
 *   cost: number | null}} Probe
 */
/**
 * @typedef {{true: number, predicted: number, part: string, total: number, columns: string[], rows: any[][],
 *   picture: number[] | null, arrays: Record<string, Numbers>}} Rows
 */
/**
 * @typedef {{upload: string, name: string, rows: number, columns: TableColumn[], target: string, task: string,
 *   notes: string[]}} Uploaded
 */
/**
 * What each topic of the store holds.
 * @typedef {object} Topics
 * @property {Connection} connection
 * @property {Session} session whose network this is
 * @property {{session: any, why: string}} kept what the page keeps of its network
 * @property {Notice} notice what the page has to say, and what can be done about it
 * @property {Welcome} welcome
 * @property {State} state
 * @property {Frame} frame
 * @property {{runs: Run[]}} history
 * @property {Advice} event
 * @property {Refusal} error
 * @property {Substep | null} substep
 * @property {Probe | null} probe
 * @property {{derivation: Derivation, serial: number} | null} derivation
 * @property {Rows | null} rows
 * @property {Uploaded} uploaded
 * @property {{name: string, mime: string, bytes: Uint8Array}} file
 * @property {{show: boolean}} budget
 * @property {{reason: string}} bye
 * @property {Selection | null} selection what the derivation panel is about
 * @property {UnitName | null} looked the unit that the large map shows; null for the output
 * @property {string[]} lit neurons (as hidden1.0) that a term of the derivation comes from
 * @property {import("./palette.js").Theme} theme
 * @property {number} drawing milliseconds that the page took for the last frame, until it was free again
 * @property {number} row the training row whose numbers are put into derivations
 * @property {number} brush the class (or value) of points that are drawn
 * @property {string} say what a screen reader should announce
 */

export {};
