// LettersTests
