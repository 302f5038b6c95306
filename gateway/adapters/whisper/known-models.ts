/** A model file as its makers publish it. */
export interface KnownModel {
  readonly name: string;
  readonly kind: "whisper" | "voice-activity";
  /** `owner/name` at the publisher. */
  readonly repository: string;
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Knows other languages than English. */
  readonly multilingual: boolean;
}

const WHISPER_CPP = "ggerganov/whisper.cpp";
const WHISPER_VAD = "ggml-org/whisper-vad";

const whisper = (name: string, sizeBytes: number, sha256: string): KnownModel => ({
  name,
  kind: "whisper",
  repository: WHISPER_CPP,
  file: `ggml-${name}.bin`,
  sizeBytes,
  sha256,
  multilingual: !/\.en(?:-|$)/.test(name),
});
const silero = (name: string, sizeBytes: number, sha256: string): KnownModel => ({
  ...{ name, kind: "voice-activity", repository: WHISPER_VAD, file: `ggml-${name}.bin` },
  ...{ sizeBytes, sha256, multilingual: true },
});

/**
 * Sizes and hashes as several independent projects that pin these files have them (they agree to the byte); models whose hash
 * could not be confirmed that way are not here. An operator may use any other with a hash of his own.
 */
export const KNOWN_MODELS: readonly KnownModel[] = [
  whisper("tiny", 77_691_713, "be07e048e1e599ad46341c8d2a135645097a538221678b7acdd1b1919c6e1b21"),
  whisper("tiny.en", 77_704_715, "921e4cf8686fdd993dcd081a5da5b6c365bfde1162e72b08d75ac75289920b1f"),
  whisper("tiny-q5_1", 32_152_673, "818710568da3ca15689e31a743197b520007872ff9576237bda97bd1b469c3d7"),
  whisper("base", 147_951_465, "60ed5bc3dd14eea856493d334349b405782ddcaf0028d4b5df4088345fba2efe"),
  whisper("base.en", 147_964_211, "a03779c86df3323075f5e796cb2ce5029f00ec8869eee3fdfb897afe36c6d002"),
  whisper("base-q5_1", 59_707_625, "422f1ae452ade6f30a004d7e5c6a43195e4433bc370bf23fac9cc591f01a8898"),
  whisper("base.en-q5_1", 59_721_011, "4baf70dd0d7c4247ba2b81fafd9c01005ac77c2f9ef064e00dcf195d0e2fdd2f"),
  whisper("small", 487_601_967, "1be3a9b2063867b937e64e2ec7483364a79917e157fa98c5d94b5c1fffea987b"),
  whisper("small.en", 487_614_201, "c6138d6d58ecc8322097e0f987c32f1be8bb0a18532a3f88f734d1bbf9c41e5d"),
  whisper("small-q5_1", 190_085_487, "ae85e4a935d7a567bd102fe55afc16bb595bdb618e11b2fc7591bc08120411bb"),
  whisper("small.en-q5_1", 190_098_681, "bfdff4894dcb76bbf647d56263ea2a96645423f1669176f4844a1bf8e478ad30"),
  whisper("medium", 1_533_763_059, "6c14d5adee5f86394037b4e4e8b59f1673b6cee10e3cf0b11bbdbee79c156208"),
  whisper("medium.en", 1_533_774_781, "cc37e93478338ec7700281a7ac30a10128929eb8f427dda2e865faa8f6da4356"),
  whisper("large-v3-turbo", 1_624_555_275, "1fc70f774d38eb169993ac391eea357ef47c88757ef72ee5943879b7e8e2bc69"),
  whisper("large-v3-turbo-q5_0", 574_041_195, "394221709cd5ad1f40c46e6031ca61bce88931e6e088c188294c6d5a55ffa7e2"),
  silero("silero-v5.1.2", 885_098, "29940d98d42b91fbd05ce489f3ecf7c72f0a42f027e4875919a28fb4c04ea2cf"),
  silero("silero-v6.2.0", 885_098, "2aa269b785eeb53a82983a20501ddf7c1d9c48e33ab63a41391ac6c9f7fb6987"),
];

export const DEFAULT_MIRROR = "https://huggingface.co";

/** Where it is fetched from. @param mirror Base of the publisher, or of a mirror with the same paths. */
export const modelUrl = ({ repository, file }: KnownModel, mirror: string = DEFAULT_MIRROR): string =>
  `${mirror.replace(/\/+$/, "")}/${repository}/resolve/main/${file}`;

/** By name (`tiny.en`) or file name (`ggml-tiny.en.bin`). */
export const findKnownModel = (name: string): KnownModel | undefined =>
  KNOWN_MODELS.find((model) => model.name === name || model.file === name);
