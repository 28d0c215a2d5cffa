// ProcedureTests
