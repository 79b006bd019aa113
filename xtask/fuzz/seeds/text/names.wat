(module (func (export "self")) (func (export "r#fn") (export "*/ \"#\n}")) (func (export "\u{202e}é")) (func (export "")))
