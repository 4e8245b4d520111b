export const makeTail = () => ({ close() {} })
