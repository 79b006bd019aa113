(component
  (import "host:demo/log@0.1.0" (instance $log (export "line" (func (param "text" string)))))
  (core module $m (memory (export "m") 1)
    (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
  (core instance $i (instantiate $m))
  (type $f (func (param "a" u32) (param "b" u32) (result u32)))
  (func $add (type $f) (canon lift (core func $i "add")))
  (export "add" (func $add)))
