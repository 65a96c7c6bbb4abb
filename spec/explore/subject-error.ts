/** Subject code did something that cannot be explored soundly; the message says what and what to do instead. */
export class SubjectError extends Error {
  override readonly name = 'SubjectError';
}
