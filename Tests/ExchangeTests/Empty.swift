// ExchangeTests
